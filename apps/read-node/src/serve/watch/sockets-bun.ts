/** Bun's connections as sockets of the hub. */
import { closingText, openingText } from './event-stream.ts';
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

/** Bun's controller of a stream that is written to the network as it comes. */
interface DirectController {
  /** Bytes, where the network took them; a promise for when it has, where it is full. */
  write(chunk: Uint8Array): number | Promise<number>;
  flush(): void;
  end(): void;
}

/** Handed over at a time, so that one can see a large frame leave. */
const SLICE_BYTES = 64 * 1024;

/**
 * A body that is written directly: what the network takes is gone at once, and no more is handed over while
 * it is full. (A body that is pulled shows what waits only at the next turn of the event loop.)
 * `onGone`: the connection broke, or ended. `breakOff`: breaks it from here.
 */
export function bunEventStream(
  reconnectWindowMs: number,
  onGone: () => void,
  breakOff: () => void,
): BunEventStream {
  const ended = Promise.withResolvers<void>();
  let controller: DirectController | undefined;
  let queue: Uint8Array[] = [];
  let queuedBytes = 0;
  let handedBytes = 0;
  let ending = false;

  const pump = () => {
    // Asked for a body only after the head is written.
    if (!controller) return;
    while (handedBytes === 0 && queue.length > 0) {
      const [chunk] = queue as [Uint8Array];
      const slice = chunk.subarray(0, SLICE_BYTES);
      if (slice.length < chunk.length) queue[0] = chunk.subarray(SLICE_BYTES);
      else queue.shift();
      queuedBytes -= slice.length;
      const taken = controller.write(slice);
      if (typeof taken === 'number') continue;
      handedBytes = slice.length;
      taken.then(handOver, handOver);
    }
    controller.flush();
    if (!ending || handedBytes > 0) return;
    controller.end();
    controller = undefined;
    ended.resolve();
  };
  const handOver = () => {
    handedBytes = 0;
    pump();
  };
  const write = (chunks: readonly Uint8Array[]) => {
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    queue.push(...chunks);
    queuedBytes += bytes;
    pump();
    return bytes;
  };
  const forget = () => {
    ending = true;
    queue = [];
    queuedBytes = 0;
  };

  const source = {
    type: 'direct' as const,
    pull: (direct: DirectController) => {
      controller = direct;
      pump();
      // The body is over when this is.
      return ended.promise;
    },
    cancel: () => {
      controller = undefined;
      forget();
      ended.resolve();
      onGone();
    },
  };
  const body = new ReadableStream<Uint8Array>(source as never);
  write([Buffer.from(openingText(reconnectWindowMs))]);

  const socket: WatchSocket = {
    transport: 'sse',
    send: frames => write(frames.map(({ event }) => event)),
    bufferedBytes: () => queuedBytes + handedBytes,
    close: (code, reason) => {
      ending = true;
      write([Buffer.from(closingText(code, reason))]);
      breakOff();
    },
    destroy: () => {
      forget();
      breakOff();
    },
  };
  return { socket, body };
}
