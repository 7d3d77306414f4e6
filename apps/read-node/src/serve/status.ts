/** What this node knows of itself: for people, for tests, for whoever compares nodes. */
import type { AgeState, Scope } from '@quantivista/contracts';
import type { Digests } from '@quantivista/snapshot';
import type { Feeding } from '../feed/feeding.ts';
import type { Following } from '../follow/following.ts';
import type { Replica } from '../follow/replica.ts';
import type { OpenedSecrets } from '../secrets/opened-secrets.ts';
import type { Parent } from './feed/parent.ts';
import type { Sync } from './flagd/sync.ts';
import type { Hub } from './watch/hub.ts';

export interface StatusOptions {
  readonly nodeId: string;
  readonly region: string;
  readonly scope: Scope;
  readonly replica: Replica;
  /** Absent where the node does not have the role. */
  readonly feeding: Feeding | undefined;
  readonly following: Following | undefined;
  readonly hub: Hub;
  readonly parent: Parent;
  readonly sync: Sync;
  /** Absent where there is none. */
  readonly grpcPort: number | undefined;
  /** Absent where there is no store of secrets. */
  readonly secrets: OpenedSecrets | undefined;
}

export interface Status {
  node_id: string;
  region: string;
  runtime: string;
  /** Those held here. */
  environments: readonly string[];
  /** A whole state is held (or, in a node that only feeds, its source was reached). */
  ready: boolean;
  generation: string | null;
  revision: number | null;
  /** Seconds since the state was known to be complete; null where unknown. */
  age: number | null;
  state: AgeState;
  digest: string | null;
  digests: Digests | null;
  keys: number;
  services: number;
  history_floor: number | null;
  watchers: number;
  watchers_dropped: number;
  /** Streams to nodes that are fed from this one. */
  children: number;
  /** Where flagd's clients connect; null where they can't. */
  grpc_port: number | null;
  sync_streams: number;
  feeder: {
    source: string;
    state: string;
    applied: number;
    published: number;
    repaired_keys: number;
    /** Why it does not get to watch its source; null where it does. */
    fault: string | null;
  } | null;
  follower: { connected: boolean; loads: number; fault: string | null } | null;
  /** What comparing with the store has found here, and comparing the region's Redis with what is held. */
  drift: {
    found: number;
    parts: readonly string[];
    verified_revision: number | null;
    region_checks: number;
    region_found: number;
  } | null;
  /** The newest state on disk; null where none is kept. */
  disk: { saved_revision: number | null } | null;
  /** Null where there is no store of secrets: they are withheld from everybody. */
  secrets: (ReturnType<OpenedSecrets['status']> & { opened: number; pending: number }) | null;
}

export const runtime = `${process.versions.bun ? 'bun' : 'node'} ${process.versions.bun ?? process.versions.node}`;

/** Whether a whole state is held, and the node is here to stay: cheap, since it is asked often. */
export const isReady = ({ replica, feeding, following, hub }: StatusOptions): boolean =>
  !hub.draining && (following ? replica.current !== undefined : (feeding?.feeder.begun ?? false));

export function readStatus(options: StatusOptions): Status {
  const { nodeId, region, scope, replica, feeding, following, hub, parent, sync, secrets } = options;
  const loaded = replica.current;
  const ageMs = replica.age.ms();
  return {
    node_id: nodeId,
    region,
    runtime,
    environments: scope.environments,
    ready: isReady(options),
    generation: loaded?.snapshot.generation ?? null,
    revision: loaded?.snapshot.revision ?? null,
    age: Number.isFinite(ageMs) ? Math.ceil(ageMs) / 1_000 : null,
    state: replica.age.state(),
    digest: loaded?.snapshot.digest() ?? null,
    digests: loaded?.snapshot.digests() ?? null,
    keys: loaded?.snapshot.size ?? 0,
    services: loaded ? [...loaded.snapshot.services()].length : 0,
    history_floor: loaded?.history.floor ?? null,
    watchers: hub.watchers,
    watchers_dropped: hub.dropped,
    children: parent.children,
    grpc_port: options.grpcPort ?? null,
    sync_streams: sync.streams.open,
    secrets: secrets ? { ...secrets.status(), opened: secrets.opened, pending: secrets.pending } : null,
    feeder: feeding ? feederStatus(feeding) : null,
    ...(following ? followingStatus(following) : { follower: null, drift: null, disk: null }),
  };
}

const feederStatus = ({ feeder, repair }: Feeding): Status['feeder'] => ({
  source: feeder.source,
  state: feeder.state,
  applied: feeder.applied,
  published: feeder.published,
  repaired_keys: repair.repairedKeys,
  fault: feeder.fault ?? null,
});

const followingStatus = (following: Following): Pick<Status, 'follower' | 'drift' | 'disk'> => {
  const { follower, drift, regionCheck, disk } = following;
  return {
    follower: { connected: follower.connected, loads: follower.loads, fault: follower.fault ?? null },
    drift: {
      found: drift.found,
      parts: drift.parts,
      verified_revision: drift.verified ?? null,
      region_checks: regionCheck.checks,
      region_found: regionCheck.found,
    },
    disk: disk ? { saved_revision: disk.saved ?? null } : null,
  };
};
