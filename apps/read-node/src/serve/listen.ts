/** Opens the node's server on the runtime that it was started with. */
import process from 'node:process';
import type { ClientCertificates } from '@quantivista/issuers';
import type { HttpLimits, ServerTls } from '@quantivista/runtime';
import type { RequestEnv } from '../app.ts';
import type { Bodies } from './bodies.ts';
import type { FastLane } from './fast-lane.ts';
import type { Ofrep } from './flags/ofrep/ofrep.ts';
import type { Admitter } from './watch/admit.ts';
import type { Hub } from './watch/hub.ts';

export interface ListenOptions {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Plain without it. */
  readonly tls?: ServerTls | undefined;
  /** Who they stand for, where clients are asked for theirs. */
  readonly clientCertificates?: ClientCertificates | undefined;
  readonly fastLane: FastLane;
  readonly ofrep: Ofrep;
  readonly bodies: Bodies;
  /** What answers everything else. */
  readonly app: { fetch(request: Request, env: RequestEnv): Response | Promise<Response> };
  readonly hub: Hub;
  readonly admitter: Admitter;
  readonly limits: HttpLimits;
  /** Of the answer that a stream of configurations begins with: where the state stands, and which page may read it. */
  readonly streamHeaders: (origin: string | null) => Readonly<Record<string, string>>;
  readonly problem: (error: unknown) => Response;
}

export interface Listener {
  readonly url: string;
  /** End the streams while reads go on, then take no more requests, and finish those begun. */
  close(): Promise<void>;
}

/** Bun's own server does not say who the other side is: with certificates of clients, Node's is served on Bun too. */
export async function listen(options: ListenOptions): Promise<Listener> {
  if (process.versions.bun && !options.clientCertificates)
    return (await import('./listen-bun.ts')).listenOnBun(options);
  return (await import('./listen-node.ts')).listenOnNode(options);
}
