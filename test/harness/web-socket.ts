/** Frames over WebSocket. */
import { formatBookmark } from '@quantivista/contracts';
import { WebSocket } from 'ws';
import type { Ended, StreamTarget, Transport } from './resuming.ts';

/** Path and query of a stream, after `/api/v1/config/`. */
export function streamPath(kind: 'watch' | 'stream', target: StreamTarget): string {
  const { service, environment, since, instanceId } = target;
  const query = new URLSearchParams({
    environment,
    ...(since && { since: formatBookmark(since) }),
    ...(instanceId !== undefined && { instance_id: instanceId }),
  });
  return `/api/v1/config/${kind}/${service}?${query}`;
}

export const overWebSocket: Transport = (target, events) => {
  const { node, token } = target;
  const socket = new WebSocket(node.replace(/^http/, 'ws') + streamPath('watch', target), {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    handshakeTimeout: 10_000,
    perMessageDeflate: false,
  });
  let refused: Ended | undefined;
  socket.on('unexpected-response', (request, response) => {
    refused = { status: response.statusCode ?? 0 };
    response.resume();
    // With this listener, ws leaves it to us to end the connection: without that there is no `close`.
    request.destroy();
    socket.terminate();
  });
  socket.on('open', () => events.open());
  socket.on('message', data => events.frame(String(data)));
  // An error is always followed by a close.
  socket.on('error', () => {});
  socket.on('close', (code, reason) => events.end(refused ?? { code, reason: String(reason) }));
  return {
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    drop: () => socket.terminate(),
  };
};
