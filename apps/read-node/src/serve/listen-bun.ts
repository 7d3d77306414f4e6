/** The node's server on Bun. */
import { onAbort, type ServerTls } from '@quantivista/runtime';
import { toResponse } from './answer.ts';
import { readBunBody } from './body-bun.ts';
import { createSuccession } from './bun-succession.ts';
import { isOfrep } from './flags/ofrep/ofrep.ts';
import type { Listener, ListenOptions } from './listen.ts';
import { type Admitted, streamTransport } from './watch/admit.ts';
import { EVENT_STREAM_HEADERS } from './watch/event-stream.ts';
import { createNewcomers } from './watch/newcomers.ts';
import { CLOSE_GRACE_MS, type Transport, type WatchSocket } from './watch/socket.ts';
import { bunEventStream, bunWebSocket } from './watch/sockets-bun.ts';
import { createTurns } from './watch/turns.ts';

interface SocketData {
  readonly admission: Admitted;
  socket: WatchSocket | undefined;
}

/** Ends of connections taken up in a turn of the event loop. */
const LEAVE_SLICE_MS = 0.5;

/**
 * Bun takes in whoever waits, and has read what they say, before any of our code: they wait here, and a rest between
 * two turns leaves the processor to reads and to everything else on the machine.
 */
const NEWCOMERS = { sliceMs: 0.4, restMs: 2 };

/** Of any endpoint: beyond it a body is not taken in, whoever would refuse it. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Bun drops what would exceed its limit. The hub's own limits are far below, but for a single huge frame. */
const BACKPRESSURE_LIMIT = 1024 * 1024 * 1024;

const bunTls = ({ certificates }: ServerTls) => {
  const { cert, key } = certificates.current;
  return { cert: cert!, key: key! };
};

export function listenOnBun(options: ListenOptions): Listener {
  const { hostname, port, tls, limits, fastLane, ofrep, bodies, app, hub, admitter, streamHeaders } = options;
  const { problem } = options;
  // Thousands of connections may break at once, and the runtime hands them over a thousand at a time.
  const leaving = createTurns(LEAVE_SLICE_MS);
  const inTurn = createNewcomers(NEWCOMERS);

  const bodyTimeoutS = Math.min(255, Math.ceil(limits.REQUEST_TIMEOUT_MS / 1_000));

  type Server = Bun.Server<SocketData>;
  /** Nothing where it has become a WebSocket. */
  type Responded = Response | undefined;
  const addressOf = (request: Request, server: Server) => () => server.requestIP(request)?.address;

  async function answerOfrep(request: Request, target: string, server: Server): Promise<Response> {
    const { method, headers } = request;
    const call = {
      method,
      target,
      authorization: headers.get('authorization'),
      apiKey: headers.get('x-api-key'),
      ifNoneMatch: headers.get('if-none-match'),
      origin: headers.get('origin'),
      address: addressOf(request, server),
    };
    return toResponse(await ofrep.answer(call, () => readBunBody(request, bodies)));
  }

  function openEventStream(request: Request, admission: Admitted, server: Server, headers: object): Response {
    // Breaking off is left to Bun's own clock: an idle connection, as one is that takes nothing, ends after it.
    const breakOff = () => server.timeout(request, CLOSE_GRACE_MS / 1_000);
    const gone = () => hub.leave(socket);
    const { socket, body } = bunEventStream(hub.reconnectWindowMs(), gone, breakOff);
    server.timeout(request, 0);
    hub.join(socket, admission);
    // After it: who has gone while it was asked who they are must not stay.
    onAbort(request.signal, gone);
    return new Response(body, { headers: { ...EVENT_STREAM_HEADERS, ...headers } });
  }

  async function openStream(
    request: Request,
    server: Server,
    wanted: { transport: Transport; target: string },
  ): Promise<Responded> {
    const { headers } = request;
    const address = addressOf(request, server);
    const origin = headers.get('origin');
    const upgrades = headers.get('upgrade')?.toLowerCase() === 'websocket';
    if (wanted.transport === 'websocket' && !upgrades) return app.fetch(request, { address });
    try {
      const admission = await admitter.admit({
        ...wanted,
        credential: headers.get('authorization'),
        lastEventId: headers.get('last-event-id'),
        origin,
        address,
      });
      // Not before: the state may be waited for, and its age is that of this moment.
      const sent = isOfrep(wanted.target) ? ofrep.streamHeaders(origin) : streamHeaders(origin);
      if (wanted.transport === 'sse') return openEventStream(request, admission, server, sent);
      if (server.upgrade(request, { headers: sent, data: { admission, socket: undefined } }))
        return undefined;
      return app.fetch(request, { address });
    } catch (error) {
      return isOfrep(wanted.target) ? toResponse(ofrep.streamRefusal(error, origin)) : problem(error);
    }
  }

  function respond(request: Request, server: Server): Responded | Promise<Responded> {
    const { url, method } = request;
    const target = url.slice(url.indexOf('/', 8));
    if (method !== 'GET') {
      if (isOfrep(target)) return answerOfrep(request, target, server);
      // Not moved on by what trickles in. OFREP has a clock of its own, and is asked more often.
      server.timeout(request, bodyTimeoutS);
      return app.fetch(request, { address: addressOf(request, server) });
    }
    const transport = streamTransport(target);
    if (transport) return inTurn(() => openStream(request, server, { transport, target }));
    const { headers } = request;
    const [credential, ifNoneMatch] = [headers.get('authorization'), headers.get('if-none-match')];
    const answer = fastLane.resolve({ target, credential, ifNoneMatch });
    if (answer) return toResponse(answer);
    return isOfrep(target)
      ? answerOfrep(request, target, server)
      : app.fetch(request, { address: addressOf(request, server) });
  }
  /** Another server has the port: the next request of this client is for that one. */
  async function respondLast(request: Request, server: Server): Promise<Responded> {
    const response = await respond(request, server);
    response?.headers.set('connection', 'close');
    return response;
  }

  const open = (at: number): Server =>
    Bun.serve<SocketData>({
      hostname,
      port: at,
      ...(tls && { tls: bunTls(tls), reusePort: true }),
      // Of one that says nothing. Headers have about 12 s, whatever is said here, and 16 kB.
      idleTimeout: 120,
      maxRequestBodySize: Math.max(MAX_BODY_BYTES, bodies.patienceBytes),
      fetch: (request, server) =>
        server === servers.current ? respond(request, server) : respondLast(request, server),
      websocket: {
        data: {} as SocketData,
        perMessageDeflate: false,
        idleTimeout: 60,
        sendPings: true,
        maxPayloadLength: 16 * 1024,
        backpressureLimit: BACKPRESSURE_LIMIT,
        open(ws) {
          ws.data.socket = bunWebSocket(ws);
          hub.join(ws.data.socket, ws.data.admission);
        },
        message(ws, message) {
          hub.receive(ws.data.socket!, typeof message === 'string' ? message : undefined);
        },
        close(ws) {
          const { socket } = ws.data;
          if (socket) leaving(() => hub.leave(socket));
        },
      },
    });
  const servers = createSuccession(port, open);
  tls?.certificates.onChange(servers.succeed);
  return {
    url: `${tls ? 'https' : 'http'}://${hostname}:${servers.current.port}`,
    close: async () => {
      await hub.drain();
      await servers.close(CLOSE_GRACE_MS);
    },
  };
}
