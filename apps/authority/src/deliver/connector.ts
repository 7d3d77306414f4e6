/**
 * How webhooks are connected to: a name is resolved once, its addresses are judged, and the connection goes to
 * one of those that were judged. A name that leads elsewhere the next time is judged the next time.
 */
import type { LookupAddress } from 'node:dns';
import { lookup as lookupName } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import type { Targets } from './targets.ts';

/** All addresses of a name. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>;

export const lookupAll: Lookup = host => lookupName(host, { all: true });

/** What a delivery fails with where its target is not allowed. */
export class TargetRefused extends Error {}

/** The addresses of `host`. @throws TargetRefused where one of them is not allowed, even if others are */
export async function allowedAddresses(
  host: string,
  secure: boolean,
  targets: Targets,
  lookup: Lookup,
): Promise<readonly LookupAddress[]> {
  const addresses = await lookup(host);
  for (const { address } of addresses) {
    const why = targets.whyNotAddress(address, host, secure);
    if (why !== undefined) throw new TargetRefused(`${host} ${why}`);
  }
  return addresses;
}

/** Why nothing may be sent to `url` as things stand; a name that can't be resolved now may be set nevertheless. */
export async function whyNotTarget(
  url: string,
  targets: Targets,
  lookup: Lookup,
): Promise<string | undefined> {
  const why = targets.whyNotUrl(url);
  const { hostname, protocol } = new URL(url);
  if (why !== undefined || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return why;
  try {
    await allowedAddresses(hostname, protocol === 'https:', targets, lookup);
  } catch (error) {
    if (error instanceof TargetRefused) return error.message;
  }
  return undefined;
}

export interface AgentOptions {
  readonly targets: Targets;
  readonly lookup: Lookup;
  readonly connectTimeoutMs: number;
}

export function createAgent({ targets, lookup, connectTimeoutMs }: AgentOptions): Agent {
  const connectorFor = (secure: boolean) => {
    const judged: LookupFunction = (host, options, done) => {
      allowedAddresses(host, secure, targets, lookup).then(
        addresses => {
          const [first] = addresses;
          if (options.all) done(null, [...addresses]);
          else if (first) done(null, first.address, first.family);
          else done(new Error(`${host} has no address`), '', 0);
        },
        (error: Error) => done(error, '', 0),
      );
    };
    return buildConnector({ lookup: judged, timeout: connectTimeoutMs, rejectUnauthorized: true });
  };
  const connectors = { 'https:': connectorFor(true), 'http:': connectorFor(false) };

  return new Agent({
    pipelining: 1,
    keepAliveTimeout: 10_000,
    connect: (options, done) => {
      const secure = options.protocol === 'https:';
      const host = options.hostname.replace(/^\[|\]$/g, '');
      // An address is not looked up.
      const why = isIP(host) !== 0 ? targets.whyNotAddress(host, host, secure) : undefined;
      if (why !== undefined) done(new TargetRefused(`${host} ${why}`), null);
      else connectors[secure ? 'https:' : 'http:'](options, done);
    },
  });
}
