/** Bun's connections as sockets of the hub. */
import { closingText, openingText } from './event-stream.ts';
import type { Frame } from './frame.ts';
import type { WatchSocket } from './socket.ts';

/** What the sockets need of Bun's own. */
interface BunWebSocket {
  send(text: string): number;
  close(code: number, reason: string): void;
  terminate(): void;
  getBufferedAmount(): number;
  cork(write: () => void): void;
}

export function bunWebSocket(ws: BunWebSocket): WatchSocket {
  return {
    transport: 'websocket',
    send: frames => {
      let bytes = 0;
      ws.cork(() => {
        for (const { text, size } of frames) {
          // 0: it was not taken. A stream with a gap is no stream.
          if (ws.send(text) === 0) ws.terminate();
          bytes += size;
        }
      });
      return bytes;
    },
    // Bun does not wait for the other side: what is buffered goes with the socket.
    close: (code, reason) => ws.close(code, reason),
    destroy: () => ws.terminate(),
    bufferedBytes: () => ws.getBufferedAmount(),
  };
}

export interface BunEventStream {
  readonly socket: WatchSocket;
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * A body that is pulled: Bun asks for more only once the network has taken what it had. What it has asked for
 * and not yet come back for counts as buffered.
 * `onGone`: the connection broke, or ended. `breakOff`: breaks it from here.
 */
export function bunEventStream(
  reconnectWindowMs: number,
  onGone: () => void,
  breakOff: () => void,
): BunEventStream {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let takenBytes = 0;
  let pulled: (() => void) | undefined;
  let ending = false;
  let controller: ReadableStreamDefaultController<Uint8Array>;

  const hand = () => {
    for (const chunk of waiting) controller.enqueue(chunk);
    takenBytes = waitingBytes;
    waiting = [];
    waitingBytes = 0;
    pulled?.();
    pulled = undefined;
  };
  const write = (chunks: readonly Uint8Array[]) => {
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    waiting.push(...chunks);
    waitingBytes += bytes;
    if (pulled) hand();
    return bytes;
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: created => {
        controller = created;
      },
      pull: () => {
        takenBytes = 0;
        if (ending && waitingBytes === 0) {
          controller.close();
          return;
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        pulled = resolve;
        if (waitingBytes > 0) hand();
        return promise;
      },
      cancel: onGone,
    },
    { highWaterMark: 0 },
  );
  write([Buffer.from(openingText(reconnectWindowMs))]);

  const socket: WatchSocket = {
    transport: 'sse',
    send: (frames: readonly Frame[]) => write(frames.map(({ event }) => event)),
    bufferedBytes: () => waitingBytes + takenBytes,
    close: (_code, reason) => {
      ending = true;
      write([Buffer.from(closingText(reason))]);
      breakOff();
    },
    destroy: () => {
      ending = true;
      waiting = [];
      waitingBytes = 0;
      breakOff();
    },
  };
  return { socket, body };
}
