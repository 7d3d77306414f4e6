/**
 * What this node holds: the newest snapshot, the changes that led to it, and those who wait for more.
 * The follower writes it, everything in `serve` reads it. Never goes back within a generation.
 */
import { HEARTBEAT_KEY, type Heartbeat, type ResetFrame } from '@quantivista/contracts';
import type { Snapshot } from '@quantivista/snapshot';
import { type Age, type AgeOptions, createAge } from './age.ts';
import type { History, HistoryEntry } from './history.ts';

export interface Loaded {
  readonly snapshot: Snapshot;
  readonly history: History;
}

export interface ReplicaListener {
  /** One revision was applied; not called for those that change nothing, or the heartbeat alone. */
  applied(entry: HistoryEntry): void;
  /** The state was replaced; `before` is undefined the first time. `why`, as it is told to watchers. */
  replaced(before: Snapshot | undefined, now: Snapshot, why: ResetFrame['reason']): void;
  /** A heartbeat was applied, after all that came before it. */
  beat?(heartbeat: Heartbeat): void;
}

export interface Replica {
  /** `undefined` until a whole snapshot is applied: the node is not ready. */
  readonly current: Loaded | undefined;
  readonly age: Pick<Age, 'ms' | 'state' | 'aheadMs'>;
  apply(entry: HistoryEntry): void;
  /**
   * Take a whole state. One that is older than the present is refused; `drifted`: the present one is wrong.
   * `ahead`: it is also at a revision that the store has not reached, and so nothing to be held on to.
   */
  replace(loaded: Loaded, because?: 'drifted' | 'ahead'): void;
  listen(listener: ReplicaListener): void;
  /** True once `revision` is reached; false after `timeoutMs`, or if `signal` aborts. */
  reached(revision: number, timeoutMs: number): Promise<boolean>;
}

interface Waiter {
  readonly revision: number;
  readonly settle: (reached: boolean) => void;
}

export function createReplica(options: AgeOptions): Replica {
  const listeners: ReplicaListener[] = [];
  const waiters = new Set<Waiter>();
  let current: Loaded | undefined;
  const age = createAge(options);

  const takeBeat = (heartbeat: Heartbeat) => {
    age.beat(heartbeat.at);
    for (const listener of listeners) listener.beat?.(heartbeat);
  };
  const wake = (revision: number) => {
    for (const waiter of waiters) if (waiter.revision <= revision) waiter.settle(true);
  };

  return {
    get current() {
      return current;
    },
    age,

    apply: entry => {
      if (!current) throw new Error('a change was applied before any state was loaded');
      current.snapshot.apply(entry.revision, entry.changes);
      const heartbeat = entry.changes.find(change => change.key === HEARTBEAT_KEY);
      if (heartbeat?.value !== undefined) takeBeat(JSON.parse(heartbeat.value) as Heartbeat);
      if (entry.changes.some(change => change !== heartbeat)) {
        current.history.push(entry);
        for (const listener of listeners) listener.applied(entry);
      }
      wake(entry.revision);
    },

    replace: (loaded, because) => {
      const before = current?.snapshot;
      const sameLife = before?.generation === loaded.snapshot.generation;
      if (sameLife && loaded.snapshot.revision < before.revision && because !== 'ahead') return;
      current = loaded;
      const beat = loaded.snapshot.other(HEARTBEAT_KEY);
      if (beat === undefined) age.forget();
      else age.beat((JSON.parse(beat) as Heartbeat).at);
      const why = !sameLife ? 'generation_changed' : because ? 'drift' : 'compacted';
      for (const listener of listeners) listener.replaced(before, loaded.snapshot, why);
      wake(loaded.snapshot.revision);
    },

    listen: listener => {
      listeners.push(listener);
    },

    reached: (revision, timeoutMs) => {
      if (current && current.snapshot.revision >= revision) return Promise.resolve(true);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const waiter: Waiter = {
        revision,
        settle: reached => {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(reached);
        },
      };
      const timer = setTimeout(() => waiter.settle(false), timeoutMs);
      waiters.add(waiter);
      return promise;
    },
  };
}
