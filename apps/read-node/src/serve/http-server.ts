/** Node's HTTP server, plain or by TLS, with renewed certificates for new connections; on Bun too. */
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server as NetServer } from 'node:net';
import process from 'node:process';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { type HttpLimits, limitServer, type ServerTls, serverOptions } from '@quantivista/runtime';

export interface HttpServer {
  onUpgrade(listener: (request: IncomingMessage, connection: Duplex, head: Buffer) => void): void;
  /** The port. */
  listen(port: number, hostname: string): Promise<number>;
  /** Take no more connections, and break those that have not ended after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export interface HttpServerOptions extends Pick<ServerOptions, 'shouldUpgradeCallback'> {
  readonly tls: ServerTls | undefined;
  readonly limits: HttpLimits;
}

/**
 * Connections that may wait to be accepted: Node accepts one each turn of the event loop. What does not fit is
 * dropped, and tried again by its client's system after 1 s, 3, 7, 15, 31. (Linux keeps to `somaxconn`, mostly 4096.)
 */
const ACCEPT_BACKLOG = 4_096;

/** What Bun's HTTP server has no clock for: a connection on which nothing goes either way is broken. */
const IDLE_MS = 120_000;

export function createHttpServer(
  { tls, limits, ...rest }: HttpServerOptions,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): HttpServer {
  const options = { ...rest, ...serverOptions(limits) };
  const secure =
    tls && !process.versions.bun ? createHttpsServer({ ...options, ...tls.options() }, answer) : undefined;
  const http = secure ?? createServer(options, answer);
  limitServer(http, limits);
  if (secure) tls!.renew(secure);
  // Of Bun's HTTPS server no renewal is taken, and its sockets don't say who is there; those of its TLS server do.
  const listener: NetServer = tls && !secure ? inFrontOf(http, tls) : http;

  return {
    onUpgrade: upgrade => void http.on('upgrade', upgrade),
    listen: (port, hostname) =>
      new Promise((resolve, reject) => {
        listener.once('error', reject);
        listener.listen({ port, host: hostname, backlog: ACCEPT_BACKLOG }, () =>
          resolve((listener.address() as AddressInfo).port),
        );
      }),
    close: async graceMs => {
      const closed = new Promise(resolve => listener.close(resolve));
      http.closeIdleConnections();
      const insist = setTimeout(() => http.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(insist);
    },
  };
}

function inFrontOf(http: NetServer, tls: ServerTls): NetServer {
  const front = createTlsServer({ ...tls.options(), ALPNProtocols: ['http/1.1'] }, socket => {
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    http.emit('connection', socket);
  });
  tls.renew(front);
  return front;
}
