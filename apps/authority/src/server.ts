/** The authority's port: plain, or by TLS and with who the certificates of its clients stand for. */
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { type Connected, isOver } from '@quantivista/access';
import type { ClientCertificates } from '@quantivista/issuers';
import type { Log, ServerTls } from '@quantivista/runtime';

export interface ServerOptions {
  readonly app: { fetch(request: Request, connected: Connected): Response | Promise<Response> };
  readonly config: { readonly HOST: string; readonly PORT: number; readonly READS: string };
  readonly tls: ServerTls | undefined;
  /** Absent where clients are asked for none. */
  readonly clientCertificates: ClientCertificates | undefined;
  readonly log: Log;
}

export function startServer({ app, config, tls, clientCertificates, log }: ServerOptions): ServerType {
  const server = serve(
    {
      fetch: async (request, bindings) => {
        const certificate = clientCertificates?.of(bindings.incoming.socket as Socket);
        const response = await app.fetch(request, { ...bindings, certificate });
        // What is over is over for all that comes by this connection: another shows what has been renewed.
        if (isOver(certificate)) response.headers.set('connection', 'close');
        return response;
      },
      hostname: config.HOST,
      port: config.PORT,
      ...(tls && { createServer: createHttpsServer, serverOptions: tls.options() }),
    },
    ({ address, port }) =>
      log.info({ url: `${tls ? 'https' : 'http'}://${address}:${port}`, reads: config.READS }, 'listening'),
  );
  tls?.renew(server as HttpsServer);
  return server;
}
