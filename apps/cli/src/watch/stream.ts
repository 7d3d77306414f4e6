/** One connection to one node, from the handshake to its end. */
import type { WatchFrame } from '@quantivista/contracts';
import { WebSocket } from 'ws';
import type { Failure } from '../fault.ts';
import { answerFailure, networkReason } from '../http.ts';
import { printable } from '../show.ts';
import type { Tls } from '../tls.ts';
import { createAcker } from './acker.ts';

/** Nodes send a heartbeat every other second: after so long a silence the connection is dead. */
const SILENCE_MS = 30_000;
const HANDSHAKE_MS = 10_000;

/** How a connection ended. `refused`: the node answered the handshake with a failure. */
export type StreamEnd =
  | { readonly kind: 'refused'; readonly failure: Failure }
  | {
      readonly kind: 'ended';
      readonly code: number | undefined;
      readonly why: string;
      /** The node asks to wait a random time below this. */
      readonly reconnectWindowMs?: number;
    };

export interface StreamOptions {
  readonly node: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly token: string | undefined;
  readonly tls: Tls | undefined;
  /** Whether the node is told of each revision that was taken in. */
  readonly acks: boolean;
  /** Closes the connection when aborted. */
  readonly signal: AbortSignal;
  readonly onFrame: (frame: WatchFrame) => void;
}

/** Follow a stream until it ends. Never throws. */
export function followStream({
  node,
  path,
  query,
  token,
  tls,
  acks,
  signal,
  onFrame,
}: StreamOptions): Promise<StreamEnd> {
  const url = new URL(node.replace(/^http/, 'ws') + path);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, value);
  const socket = new WebSocket(url, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    handshakeTimeout: HANDSHAKE_MS,
    ...tls?.options,
  });
  const acknowledge = createAcker(text => {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
  });
  return new Promise(resolve => {
    const silence = setTimeout(
      () => end({ kind: 'ended', code: undefined, why: 'it fell silent' }),
      SILENCE_MS,
    );
    const close = () => end({ kind: 'ended', code: 1000, why: 'stopped' });
    function end(how: StreamEnd): void {
      clearTimeout(silence);
      signal.removeEventListener('abort', close);
      // Nothing that still arrives may be taken in: the next connection resumes from what was.
      socket.removeAllListeners('message');
      if (socket.readyState === WebSocket.OPEN && signal.aborted) socket.close(1000);
      else socket.terminate();
      resolve(how);
    }
    if (signal.aborted) return close();
    signal.addEventListener('abort', close);
    // What was said on the stream before is forgotten with it: the first frame is acknowledged whatever it is.
    let isSaid = false;
    socket.on('ping', () => silence.refresh());
    socket.on('message', data => {
      silence.refresh();
      try {
        const frame = JSON.parse(String(data)) as WatchFrame;
        onFrame(frame);
        if (!acks || frame.type === 'reset' || (frame.type === 'heartbeat' && isSaid)) return;
        acknowledge(frame.revision);
        isSaid = true;
      } catch {
        end({ kind: 'ended', code: undefined, why: 'it sent what is no frame' });
      }
    });
    socket.on('close', (code, reason) => {
      const told = closeReason(String(reason));
      const text = told.why || (code === 1006 ? 'the connection broke' : '');
      end({ ...told, kind: 'ended', code, why: text === '' ? `closed (${code})` : `${text} (${code})` });
    });
    socket.on('error', error => end({ kind: 'ended', code: undefined, why: networkReason(error) }));
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('close', () => {
        const status = response.statusCode ?? 0;
        end({ kind: 'refused', failure: answerFailure(node, status, text, response.headers['retry-after']) });
      });
    });
  });
}

/** Nodes say why in JSON; whatever else stands between may say it in its own words. */
function closeReason(text: string): { why: string; reconnectWindowMs?: number } {
  try {
    const { reason, reconnect_window_ms } = JSON.parse(text) as Record<string, unknown>;
    const why = printable(String(reason).replaceAll('_', ' '));
    return typeof reconnect_window_ms === 'number'
      ? { why, reconnectWindowMs: reconnect_window_ms }
      : { why };
  } catch {
    return { why: printable(text) };
  }
}
