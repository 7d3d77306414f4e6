/** What a connection may cost before it has asked for anything: time, headers, and how many of them there are. */
import type { Server, ServerOptions } from 'node:http';
import { wholeNumber } from './environment.ts';

/** Line and headers of a request together: what is larger gets 431. Bun has the same limit of its own. */
export const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
/** Longer than the balancers keep theirs, who would else send a request on a connection that is being closed. */
const KEEP_ALIVE_MS = 75_000;

/** Settings of every server. */
export const httpLimitVariables = {
  HEADERS_TIMEOUT_MS: wholeNumber(100)
    .default(10_000)
    .describe(
      "Milliseconds from a request's first byte to the end of its headers. On Bun its own limit of about 12 s holds in its place.",
    ),
  REQUEST_TIMEOUT_MS: wholeNumber(100)
    .default(30_000)
    .describe("Milliseconds from a request's first byte to the end of its body."),
  MAX_CONNECTIONS: wholeNumber(1)
    .default(65_000)
    .describe(
      "Connections at once; more are closed as they come. On Bun the system's limit of open files holds in its place.",
    ),
};
export interface HttpLimits {
  readonly HEADERS_TIMEOUT_MS: number;
  readonly REQUEST_TIMEOUT_MS: number;
  readonly MAX_CONNECTIONS: number;
}

/** For `createServer`: slow requests get 408, and their connections are closed. */
export const serverOptions = ({ HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS }: HttpLimits): ServerOptions => ({
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: Math.max(HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS),
  // How late it is noticed. The runtime asks its own list, of requests that are not whole yet.
  connectionsCheckingInterval: Math.ceil(HEADERS_TIMEOUT_MS / 4),
  keepAliveTimeout: KEEP_ALIVE_MS,
});

/** What is no option of `createServer`. */
export function limitServer(
  server: Pick<Server, 'maxHeadersCount' | 'maxConnections'>,
  of: HttpLimits,
): void {
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = of.MAX_CONNECTIONS;
}
