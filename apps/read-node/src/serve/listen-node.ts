/** The node's server on Node: the same core behind node:http and ws. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { credentialOf, isOver } from '@quantivista/access';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Answer } from './answer.ts';
import { readNodeBody } from './body-node.ts';
import { isOfrep } from './flags/ofrep/ofrep.ts';
import { createHttpServer } from './http-server.ts';
import type { Listener, ListenOptions } from './listen.ts';
import { type StreamRequest, streamTransport } from './watch/admit.ts';
import { createKeepAlive } from './watch/keep-alive.ts';
import { createNewcomers } from './watch/newcomers.ts';
import { CLOSE_GRACE_MS, type Transport } from './watch/socket.ts';
import { nodeEventStream, nodeWebSocket } from './watch/sockets-node.ts';
import { createTurns } from './watch/turns.ts';

const PING_MS = 20_000;

/**
 * Node accepts one connection a turn of the event loop: turns that follow each other at once are what keeps it from
 * accepting faster than is taken up here, and from holding thousands that wait.
 */
const NEWCOMERS = { sliceMs: 0.5, restMs: 0 };

/** What follows the end of a connection takes several times as long. */
const END_SLICE_MS = 0.1;

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

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (body !== null) headers['content-length'] = String(Buffer.byteLength(body));
  response.writeHead(status, headers);
  response.end(body ?? undefined);
}

const addressOf =
  ({ socket }: IncomingMessage) =>
  () =>
    socket.remoteAddress;

export async function listenOnNode(options: ListenOptions): Promise<Listener> {
  const { hostname, port, tls, clientCertificates, limits, fastLane, ofrep, bodies, app, hub } = options;
  const { admitter, streamHeaders, problem } = options;
  const inTurn = createNewcomers(NEWCOMERS);
  const slowly = getRequestListener((request, { incoming }) => {
    const asked = incoming as IncomingMessage;
    return app.fetch(request, {
      address: addressOf(asked),
      certificate: clientCertificates?.of(asked.socket),
    });
  });
  const credential = ({ headers: { authorization, origin }, socket }: IncomingMessage) =>
    (clientCertificates
      ? credentialOf(authorization, origin, clientCertificates.of(socket))
      : authorization) ?? null;
  const streamRequest = (request: IncomingMessage, transport: Transport): StreamRequest => {
    const { 'last-event-id': lastEventId = null, origin = null } = request.headers;
    return {
      transport,
      target: request.url!,
      credential: credential(request),
      lastEventId: lastEventId as string | null,
      origin,
      address: addressOf(request),
    };
  };

  async function answerOfrep(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url, headers, socket } = request;
    const call = {
      method: method!,
      target: url!,
      authorization: headers.authorization ?? null,
      apiKey: (headers['x-api-key'] as string | undefined) ?? null,
      certificate: clientCertificates?.of(socket),
      ifNoneMatch: headers['if-none-match'] ?? null,
      origin: headers.origin ?? null,
      address: addressOf(request),
    };
    send(response, await ofrep.answer(call, () => readNodeBody(request, bodies)));
  }

  async function openEventStream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wanted = streamRequest(request, 'sse');
    const { origin } = wanted;
    const isForFlags = isOfrep(wanted.target);
    try {
      const admission = await admitter.admit(wanted);
      if (response.destroyed) return;
      const headers = (isForFlags ? ofrep.streamHeaders : streamHeaders)(origin);
      const socket = nodeEventStream(response, hub.reconnectWindowMs(), headers);
      response.on('close', () => hub.leave(socket));
      response.on('error', () => response.destroy());
      hub.join(socket, admission);
    } catch (error) {
      if (isForFlags) return send(response, ofrep.streamRefusal(error, origin));
      const { status, headers, body } = problem(error);
      response.writeHead(status, Object.fromEntries(headers));
      for await (const chunk of body!) response.write(chunk);
      response.end();
    }
  }

  // Some clients, Java's among them, offer HTTP/2 with each request: that is no reason not to answer it.
  const shouldUpgradeCallback = ({ headers }: IncomingMessage) =>
    headers.upgrade?.toLowerCase() === 'websocket';
  const server = createHttpServer({ tls, limits, shouldUpgradeCallback }, (request, response) => {
    if (clientCertificates && isOver(clientCertificates.of(request.socket)))
      response.setHeader('connection', 'close');
    const otherwise = () =>
      isOfrep(request.url!)
        ? void answerOfrep(request, response).catch(() => response.destroy())
        : void slowly(request, response);
    if (request.method !== 'GET') return otherwise();
    if (streamTransport(request.url!) === 'sse') {
      const opened = inTurn(() => openEventStream(request, response));
      return void opened.catch(() => response.destroy());
    }
    const ifNoneMatch = request.headers['if-none-match'] ?? null;
    const answer = fastLane.resolve({ target: request.url!, credential: credential(request), ifNoneMatch });
    if (answer) send(response, answer);
    else otherwise();
  });

  // Thousands of connections may break at once, and the runtime hands them all over before it asks for a read
  // again: there and then an end is only noted. (`ws` would take it up at once, at seven times the price.)
  const endings = createTurns(END_SLICE_MS);
  const endInTurn = (ws: WebSocket, connection: Duplex) => {
    connection.removeAllListeners('end');
    connection.on('end', () => endings(() => ws.terminate()));
  };

  const keepAlive = createKeepAlive(PING_MS);
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 16 * 1024 });
  sockets.on('headers', (lines, { headers: { origin = null } }) => {
    for (const [name, value] of Object.entries(streamHeaders(origin))) lines.push(`${name}: ${value}`);
  });
  async function openWebSocket(request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> {
    try {
      if (streamTransport(request.url!) !== 'websocket') {
        const { href } = new URL(request.url!, 'http://node');
        return await refuse(connection, await app.fetch(new Request(href), { address: addressOf(request) }));
      }
      const admission = await admitter.admit(streamRequest(request, 'websocket'));
      if (connection.destroyed) return;
      // The answer and the first frames leave in one go: each write costs more than all else that is done here.
      connection.cork();
      sockets.handleUpgrade(request, connection, head, ws => {
        const socket = nodeWebSocket(ws, connection);
        keepAlive.watch(ws);
        endInTurn(ws, connection);
        ws.on('message', (data, isBinary) => hub.receive(socket, isBinary ? undefined : String(data)));
        ws.on('error', () => ws.terminate());
        ws.on('close', () => hub.leave(socket));
        hub.join(socket, admission);
      });
      connection.uncork();
    } catch (error) {
      await refuse(connection, problem(error));
    }
  }
  server.onUpgrade((request, connection, head) => {
    connection.on('error', () => connection.destroy());
    inTurn(() => openWebSocket(request, connection, head)).catch(() => connection.destroy());
  });

  const listening = await server.listen(port, hostname);
  return {
    url: `${tls ? 'https' : 'http'}://${hostname}:${listening}`,
    close: async () => {
      await hub.drain();
      keepAlive.stop();
      await server.close(CLOSE_GRACE_MS);
    },
  };
}
