/** Requests to nodes above this one, with what this process trusts and shows: to Node by a dispatcher, to Bun with each. */
import process from 'node:process';
import { type Certificates, linkTls } from '@quantivista/runtime';
import { Agent, buildConnector } from 'undici';

export type LinkFetch = (url: string, init: RequestInit) => Promise<Response>;

/** A `fetch` whose new connections are made with the certificates that are current then. */
export function createLinkFetch(certificates: Certificates): LinkFetch {
  const current = () => ({ ...linkTls(certificates) });
  const withRuntimes = (init: RequestInit, own: object): RequestInit => ({ ...init, ...own });
  if (process.versions.bun) return (url, init) => fetch(url, withRuntimes(init, { tls: current() }));
  let connector = buildConnector(current());
  certificates.onChange(() => {
    connector = buildConnector(current());
  });
  const dispatcher = new Agent({
    allowH2: false,
    connect: (options, callback) => connector(options, callback),
  });
  return (url, init) => fetch(url, withRuntimes(init, { dispatcher }));
}
