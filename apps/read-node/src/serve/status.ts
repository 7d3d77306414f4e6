/** What this node knows of itself: for people, for tests, for whoever compares nodes. */
import type { AgeState } from '@quantivista/contracts';
import type { Feeder } from '../feed/feeder.ts';
import type { Follower } from '../follow/follower.ts';
import type { Replica } from '../follow/replica.ts';
import type { Hub } from './watch/hub.ts';

export interface StatusOptions {
  readonly nodeId: string;
  readonly region: string;
  readonly replica: Replica;
  readonly feeder: Feeder | undefined;
  readonly follower: Follower | undefined;
  readonly hub: Hub;
}

export interface Status {
  node_id: string;
  region: string;
  runtime: string;
  /** A whole state is held (or, in a node that only feeds, etcd is being watched). */
  ready: boolean;
  generation: string | null;
  revision: number | null;
  /** Seconds since the state was known to be complete; null where unknown. */
  age: number | null;
  state: AgeState;
  digest: string | null;
  keys: number;
  services: number;
  history_floor: number | null;
  watchers: number;
  watchers_dropped: number;
  feeder: { state: string; applied: number; published: number } | null;
  follower: { connected: boolean; loads: number } | null;
}

const runtime = `${process.versions.bun ? 'bun' : 'node'} ${process.versions.bun ?? process.versions.node}`;

/** Whether a whole state is held, and the node is here to stay: cheap, since it is asked often. */
export const isReady = ({ replica, feeder, follower, hub }: StatusOptions): boolean =>
  !hub.draining && (follower ? replica.current !== undefined : feeder?.state === 'watching');

/** Reckons the digest of the whole state: for those who ask for it, not for every probe. */
export function readStatus(options: StatusOptions): Status {
  const { nodeId, region, replica, feeder, follower, hub } = options;
  const loaded = replica.current;
  const ageMs = replica.age.ms();
  return {
    node_id: nodeId,
    region,
    runtime,
    ready: isReady(options),
    generation: loaded?.snapshot.generation ?? null,
    revision: loaded?.snapshot.revision ?? null,
    age: Number.isFinite(ageMs) ? Math.ceil(ageMs) / 1_000 : null,
    state: replica.age.state(),
    digest: loaded?.snapshot.digest() ?? null,
    keys: loaded?.snapshot.size ?? 0,
    services: loaded ? [...loaded.snapshot.services()].length : 0,
    history_floor: loaded?.history.floor ?? null,
    watchers: hub.watchers,
    watchers_dropped: hub.dropped,
    feeder: feeder ? { state: feeder.state, applied: feeder.applied, published: feeder.published } : null,
    follower: follower ? { connected: follower.connected, loads: follower.loads } : null,
  };
}
