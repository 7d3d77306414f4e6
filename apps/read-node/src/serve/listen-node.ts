/** The node's server on Node: the same core behind node:http and ws. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Listener, ListenOptions } from './listen.ts';
import { type StreamRequest, streamRequest } from './watch/admit.ts';
import { CLOSE_GRACE_MS } from './watch/socket.ts';
import { nodeEventStream, nodeWebSocket } from './watch/sockets-node.ts';

const PING_MS = 20_000;

/** Ping, and break the connection where the last ping was not answered. */
function keepAlive(ws: WebSocket): void {
  let answered = true;
  ws.on('pong', () => {
    answered = true;
  });
  const ping = setInterval(() => {
    if (!answered) return ws.terminate();
    answered = false;
    ws.ping();
  }, PING_MS);
  ws.on('close', () => clearInterval(ping));
}

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

const requested = ({ url, headers }: IncomingMessage): StreamRequest | undefined =>
  streamRequest(new URL(url!, 'http://node'), {
    authorization: headers.authorization ?? null,
    lastEventId: (headers['last-event-id'] as string | undefined) ?? null,
  });

export async function listenOnNode(options: ListenOptions): Promise<Listener> {
  const { hostname, port, fastLane, app, hub, admitter, problem } = options;
  const slowly = getRequestListener(app.fetch);

  async function openEventStream(wanted: StreamRequest, response: ServerResponse): Promise<void> {
    try {
      const admission = await admitter.admit(wanted);
      if (response.destroyed) return;
      const socket = nodeEventStream(response, hub.reconnectWindowMs());
      response.on('close', () => hub.leave(socket));
      response.on('error', () => response.destroy());
      hub.join(socket, admission);
    } catch (error) {
      const { status, headers, body } = problem(error);
      response.writeHead(status, Object.fromEntries(headers));
      for await (const chunk of body!) response.write(chunk);
      response.end();
    }
  }

  const server = createServer((request, response) => {
    if (request.method !== 'GET') return void slowly(request, response);
    const { authorization = null } = request.headers;
    const ifNoneMatch = request.headers['if-none-match'] ?? null;
    const answer = fastLane.resolve({ target: request.url!, authorization, ifNoneMatch });
    if (!answer) {
      const wanted = requested(request);
      if (wanted?.transport !== 'sse') return void slowly(request, response);
      return void openEventStream(wanted, response).catch(() => response.destroy());
    }
    if (answer.body !== null) answer.headers['content-length'] = String(Buffer.byteLength(answer.body));
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body ?? undefined);
  });

  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 16 * 1024 });
  server.on('upgrade', async (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    connection.on('error', () => connection.destroy());
    try {
      const wanted = requested(request);
      if (wanted?.transport !== 'websocket') {
        const { href } = new URL(request.url!, 'http://node');
        return void refuse(connection, await app.fetch(new Request(href)));
      }
      const admission = await admitter.admit(wanted);
      if (connection.destroyed) return;
      sockets.handleUpgrade(request, connection, head, ws => {
        const socket = nodeWebSocket(ws, connection);
        keepAlive(ws);
        ws.on('message', (data, isBinary) => hub.receive(socket, isBinary ? undefined : String(data)));
        ws.on('error', () => ws.terminate());
        ws.on('close', () => hub.leave(socket));
        hub.join(socket, admission);
      });
    } catch (error) {
      refuse(connection, problem(error)).catch(() => connection.destroy());
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, hostname, resolve);
  });
  return {
    url: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      await hub.drain();
      const closed = new Promise(resolve => server.close(resolve));
      server.closeIdleConnections();
      const insist = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearTimeout(insist);
    },
  };
}
