/** Finds the connections whose other side is gone without a word. */
import { createTurns } from './turns.ts';

/** What is needed of a WebSocket of `ws`. */
export interface Pinged {
  ping(): void;
  terminate(): void;
  on(event: 'pong' | 'close', listener: () => void): unknown;
}

export interface KeepAlive {
  /** Ping it from now on, until it closes; break it where the last ping was not answered. */
  watch(ws: Pinged): void;
  stop(): void;
}

/** Those who came together must not all be pinged at a stretch: each is a write. */
const SLICE_MS = 0.5;

export function createKeepAlive(pingMs: number): KeepAlive {
  const answered = new Map<Pinged, boolean>();
  const turns = createTurns(SLICE_MS);

  const look = (ws: Pinged) => {
    const alive = answered.get(ws);
    if (alive === undefined) return;
    if (!alive) return ws.terminate();
    answered.set(ws, false);
    ws.ping();
  };
  const round = setInterval(() => {
    for (const ws of answered.keys()) turns(() => look(ws));
  }, pingMs);

  return {
    watch: ws => {
      answered.set(ws, true);
      ws.on('pong', () => answered.has(ws) && answered.set(ws, true));
      ws.on('close', () => answered.delete(ws));
    },
    stop: () => clearInterval(round),
  };
}
