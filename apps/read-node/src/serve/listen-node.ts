/** The node's server on Node: the same core behind node:http and ws. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Listener, ListenOptions } from './listen.ts';
import { admit, watchRequest } from './watch/admit.ts';
import type { WatchSocket } from './watch/shard.ts';

const PING_MS = 20_000;

const watchSocket = (ws: WebSocket): WatchSocket => ({
  send: text => ws.send(text),
  close: (code, reason) => ws.close(code, reason),
  bufferedBytes: () => ws.bufferedAmount,
});

/** Answer an upgrade that is refused: there is no response object for it. */
async function refuse(socket: Duplex, response: Response): Promise<void> {
  const body = await response.text();
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`);
  const head = [
    `HTTP/1.1 ${response.status} Refused`,
    ...headers,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\nconnection: close\r\n\r\n${body}`);
}

export async function listenOnNode(options: ListenOptions): Promise<Listener> {
  const { hostname, port, fastLane, app, hub, admission, problem } = options;
  const slowly = getRequestListener(app.fetch);
  const server = createServer((request, response) => {
    const { authorization = null } = request.headers;
    const ifNoneMatch = request.headers['if-none-match'] ?? null;
    const answer =
      request.method === 'GET'
        ? fastLane.resolve({ target: request.url!, authorization, ifNoneMatch })
        : undefined;
    if (!answer) return void slowly(request, response);
    if (answer.body !== null) answer.headers['content-length'] = String(Buffer.byteLength(answer.body));
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body ?? undefined);
  });

  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1024 });
  server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    try {
      const url = new URL(request.url!, 'http://node');
      const wanted = watchRequest(url, request.headers.authorization ?? null);
      if (!wanted) return void refuse(socket, await app.fetch(new Request(url.href)));
      const admitted = await admit(wanted, admission);
      if (socket.destroyed) return;
      sockets.handleUpgrade(request, socket, head, ws => {
        const watcher = watchSocket(ws);
        let answered = true;
        ws.on('pong', () => {
          answered = true;
        });
        const ping = setInterval(() => {
          if (!answered) return ws.terminate();
          answered = false;
          ws.ping();
        }, PING_MS);
        ws.on('error', () => ws.terminate());
        ws.on('close', () => {
          clearInterval(ping);
          hub.leave(watcher);
        });
        hub.join(watcher, admitted);
      });
    } catch (error) {
      refuse(socket, problem(error)).catch(() => socket.destroy());
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, hostname, resolve);
  });
  return {
    url: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      hub.close();
      const closed = new Promise(resolve => server.close(resolve));
      server.closeIdleConnections();
      await closed;
    },
  };
}
