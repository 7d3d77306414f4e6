/** The node's server on Bun. */

import type { Listener, ListenOptions } from './listen.ts';
import { type Admission, type AdmitOptions, admit, watchRequest } from './watch/admit.ts';
import type { WatchSocket } from './watch/shard.ts';

interface SocketData {
  readonly admission: Admission;
  socket: WatchSocket | undefined;
}

export function listenOnBun({
  hostname,
  port,
  fastLane,
  app,
  hub,
  admission,
  problem,
}: ListenOptions): Listener {
  const options: AdmitOptions = admission;
  const server = Bun.serve<SocketData>({
    hostname,
    port,
    idleTimeout: 120,
    async fetch(request, server) {
      const { url, headers, method } = request;
      const target = url.slice(url.indexOf('/', 8));
      const authorization = headers.get('authorization');
      if (method === 'GET') {
        const answer = fastLane.resolve({ target, authorization, ifNoneMatch: headers.get('if-none-match') });
        if (answer) return new Response(answer.body, { status: answer.status, headers: answer.headers });
        if (headers.get('upgrade')?.toLowerCase() === 'websocket') {
          const wanted = watchRequest(new URL(url), authorization);
          if (wanted) {
            try {
              const data: SocketData = { admission: await admit(wanted, options), socket: undefined };
              if (server.upgrade(request, { data })) return undefined;
            } catch (error) {
              return problem(error);
            }
          }
        }
      }
      return app.fetch(request);
    },
    websocket: {
      data: {} as SocketData,
      perMessageDeflate: false,
      idleTimeout: 60,
      sendPings: true,
      maxPayloadLength: 64 * 1024,
      open(ws) {
        ws.data.socket = {
          send: text => void ws.send(text),
          close: (code, reason) => ws.close(code, reason),
          bufferedBytes: () => ws.getBufferedAmount(),
        };
        hub.join(ws.data.socket, ws.data.admission);
      },
      message() {},
      close(ws) {
        if (ws.data.socket) hub.leave(ws.data.socket);
      },
    },
  });
  return {
    url: `http://${hostname}:${server.port}`,
    close: async () => {
      hub.close();
      await server.stop();
    },
  };
}
