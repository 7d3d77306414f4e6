/** Node's connections as sockets of the hub. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { closingText, EVENT_STREAM_HEADERS, openingText } from './event-stream.ts';
import { CLOSE_GRACE_MS, type WatchSocket } from './socket.ts';

/** Break what does not end by itself: a client that reads nothing takes in no end either. */
const breakLater = (connection: Duplex) => {
  const timer = setTimeout(() => connection.destroy(), CLOSE_GRACE_MS);
  connection.once('close', () => clearTimeout(timer));
};

/** `connection` is the one that `ws` writes to. */
export function nodeWebSocket(ws: WebSocket, connection: Duplex): WatchSocket {
  return {
    transport: 'websocket',
    send: frames => {
      let bytes = 0;
      connection.cork();
      for (const frame of frames) {
        // Bytes are passed on as they are, to however many sockets; a text would be encoded for each.
        ws.send(frame.bytes, { binary: false });
        bytes += frame.bytes.length;
      }
      connection.uncork();
      return bytes;
    },
    close: (code, reason) => {
      ws.close(code, reason);
      breakLater(connection);
    },
    destroy: () => ws.terminate(),
    bufferedBytes: () => ws.bufferedAmount,
  };
}

export function nodeEventStream(
  response: ServerResponse,
  reconnectWindowMs: number,
  headers: Readonly<Record<string, string>> = {},
): WatchSocket {
  // The connection is not used again: it may have to be broken.
  response.writeHead(200, { ...EVENT_STREAM_HEADERS, ...headers, connection: 'close' });
  response.write(openingText(reconnectWindowMs));
  return {
    transport: 'sse',
    send: frames => {
      let bytes = 0;
      response.cork();
      for (const { event } of frames) {
        response.write(event);
        bytes += event.length;
      }
      response.uncork();
      return bytes;
    },
    close: (code, reason) => {
      response.end(closingText(code, reason));
      if (response.socket) breakLater(response.socket);
    },
    destroy: () => response.destroy(),
    bufferedBytes: () => response.writableLength,
  };
}
