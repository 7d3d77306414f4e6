/** A read node as far as it follows: the real replica, follower and drift, and a check of every step they take. */
import type { RegionReader } from '@quantivista/region';
import { silentLog } from '@quantivista/runtime';
import { createDrift, type Drift } from '../../apps/read-node/src/follow/drift.ts';
import { createFollower } from '../../apps/read-node/src/follow/follower.ts';
import { createReplica, type Replica } from '../../apps/read-node/src/follow/replica.ts';
import { EVENT } from './event-log.ts';
import type { World } from './world.ts';

export interface NodeOptions {
  readonly world: World;
  readonly reader: RegionReader;
  /** Of all nodes; in the event log. */
  readonly number: number;
  readonly onApplied: (revision: number) => void;
}

export interface SimulatedNode {
  readonly replica: Replica;
  readonly number: number;
  readonly drift: Drift;
  /** 0 until a state is loaded. */
  readonly revision: number;
  readonly loads: number;
  run(signal: AbortSignal): void;
  /** Whether the age reported is at least the true one. */
  checkAge(): void;
}

const HISTORY_LENGTH = 10_000;

export function createNode({ world, reader, number, onApplied }: NodeOptions): SimulatedNode {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  const revision = () => replica.current?.snapshot.revision ?? 0;

  const { apply, replace } = replica;
  // Every revision of the simulated store changes something distributed, so the next one is one more.
  replica.apply = entry => {
    if (entry.revision !== revision() + 1)
      world.violated(`node ${number} applied ${entry.revision} upon ${revision()}`);
    apply(entry);
    world.events.add(EVENT.applied, number, entry.revision);
    onApplied(entry.revision);
  };
  replica.replace = (loaded, because) => {
    const before = revision();
    replace(loaded, because);
    if (revision() < before) world.violated(`node ${number} went back from ${before} to ${revision()}`);
    world.events.add(EVENT.replaced, number, revision());
  };
  const follower = createFollower({
    region: reader,
    replica,
    log: silentLog,
    history: { length: HISTORY_LENGTH },
  });
  const drift = createDrift({ region: reader, replica, follower, log: silentLog });

  return {
    replica,
    number,
    drift,
    get revision() {
      return revision();
    },
    get loads() {
      return follower.loads;
    },
    run: signal => {
      for (const each of [follower, drift]) void each.run(signal);
    },
    checkAge: () => {
      if (revision() === world.store.revision) return;
      const trueMs = world.clock.now() - world.store.committedAt(revision() + 1);
      if (replica.age.ms() < trueMs)
        world.violated(`node ${number} reports an age of ${replica.age.ms()} ms, it is ${trueMs} ms`);
    },
  };
}
