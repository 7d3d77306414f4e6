/**
 * Names the store's life and beats in it. The beat is ordered with the data: whoever has applied it has
 * everything that was committed before its time. Any number of authorities may beat; a beat goes only on top
 * of the beat that its sender knows, so that a store restored from a backup is noticed whatever its revision.
 */
import { randomUUID } from 'node:crypto';
import type { Audit } from '@quantivista/audit';
import { type Heartbeat as Beat, COMMIT_KEY, GENERATION_KEY, HEARTBEAT_KEY } from '@quantivista/contracts';
import type { Compare, Etcd, KeyValue } from '@quantivista/etcd';
import { createOutage, type Log, pause } from '@quantivista/runtime';
import type { StoreFollower } from './follow/store-follower.ts';
import { type StoredBeat, type StoreFacts, whyRestored } from './restored.ts';

export interface HeartbeatOptions {
  readonly etcd: Etcd;
  readonly audit: Audit;
  readonly log: Log;
  readonly intervalMs: number;
  /** What is known of the store by following it: told with each beat. */
  readonly store: Pick<StoreFollower, 'checked' | 'newestCommit'>;
  /** Called when another generation is found, before the first beat in it; tried again where it rejects. */
  readonly onGeneration?: () => Promise<void>;
}

export interface Heartbeat {
  /** `undefined` until the store was reached for the first time. */
  readonly generation: string | undefined;
  /** The newest revision that a beat has seen. */
  readonly revision: number;
  readonly sequence: number;
  /** Runs until `signal` aborts. Never throws, never overlaps itself. */
  run(signal: AbortSignal): Promise<void>;
}

const storedBeat = (entry: KeyValue): StoredBeat => ({
  modRevision: entry.modRevision,
  value: entry.value,
  sequence: (JSON.parse(entry.value) as Beat).sequence,
});

export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { etcd, audit, log, intervalMs, store, onGeneration } = options;
  let generation: string | undefined;
  let known: StoreFacts = { revision: 0, beat: undefined, commit: 0 };
  /** Whether the newest beat of the store is known. */
  let current = false;
  /** Generations that were replaced: a store that is in one of them again was restored. */
  const left = new Set<string>();

  /** Begin a generation, in place of `replaced`: one of several authorities wins. */
  async function begin(replaced: string | undefined, why: string): Promise<void> {
    const fresh = randomUUID();
    const held: Compare =
      replaced === undefined
        ? { key: GENERATION_KEY, target: 'create', is: 0 }
        : { key: GENERATION_KEY, target: 'value', is: replaced };
    const { succeeded } = await etcd.txn({
      compare: [held],
      success: [{ op: 'put', key: GENERATION_KEY, value: fresh }],
    });
    if (succeeded) log.warn({ generation: fresh, why }, 'a generation begins');
  }

  /** Whatever is known of `of` from any source. All of it is older than a read of the store that follows. */
  async function factsOf(of: string): Promise<StoreFacts> {
    const held = of === generation ? known : { revision: 0, beat: undefined, commit: 0 };
    const commit = Math.max(held.commit, store.newestCommit(of), await audit.highestRevision(of));
    return { ...held, commit };
  }

  /** Learn the store's generation and its newest beat; false where the generation is changing. */
  async function identify(): Promise<boolean> {
    const named = (await etcd.read([GENERATION_KEY])).entries[0]?.value;
    const before = named === undefined ? undefined : await factsOf(named);
    const { revision, entries } = await etcd.read([GENERATION_KEY, HEARTBEAT_KEY, COMMIT_KEY]);
    const [held, beat, commit] = entries;
    if (!held) await begin(undefined, 'the store has none');
    if (!held || !before || held.value !== named) return false;
    const now = { revision, beat: beat && storedBeat(beat), commit: commit?.modRevision ?? 0 };
    const why = left.has(named) ? 'the store is in a generation that it had left' : whyRestored(before, now);
    if (why !== undefined) {
      await begin(named, why);
      return false;
    }
    if (named !== generation) await onGeneration?.();
    if (generation !== undefined && named !== generation) left.add(generation);
    generation = named;
    known = now;
    current = true;
    return true;
  }

  /** Whether to beat again at once: the generation was changing. */
  async function beat(): Promise<boolean> {
    if (!current && !(await identify())) return true;
    // Taken before the transaction is sent: an age reckoned from it is never too small.
    const at = Date.now();
    const checked = store.checked(generation!);
    const sequence = (known.beat?.sequence ?? 0) + 1;
    const value = JSON.stringify({ sequence, at, ...(checked && { checked }) } satisfies Beat);
    const commit = Math.max(known.commit, store.newestCommit(generation!));
    const compare: Compare[] = [
      { key: GENERATION_KEY, target: 'value', is: generation! },
      { key: HEARTBEAT_KEY, target: 'mod', is: known.beat?.modRevision ?? 0 },
    ];
    // At the same revision there may be another beat, put after a restore.
    if (known.beat) compare.push({ key: HEARTBEAT_KEY, target: 'value', is: known.beat.value });
    if (commit > 0) compare.push({ key: COMMIT_KEY, target: 'mod', above: commit - 1 });
    const { succeeded, revision } = await etcd.txn({
      compare,
      success: [{ op: 'put', key: HEARTBEAT_KEY, value }],
    });
    if (succeeded && revision <= known.revision) {
      current = false;
      await begin(generation, `a heartbeat came to revision ${revision}, after ${known.revision}`);
      return true;
    }
    if (succeeded) {
      known = { revision, beat: { modRevision: revision, value, sequence }, commit };
      return false;
    }
    // Another authority has beaten, or it is another store or an older state of this one.
    current = false;
    return !(await identify());
  }

  return {
    get generation() {
      return generation;
    },
    get revision() {
      return known.revision;
    },
    get sequence() {
      return known.beat?.sequence ?? 0;
    },
    run: async signal => {
      const outage = createOutage(log, 'the heartbeat fails');
      while (!signal.aborted) {
        const startedAt = Date.now();
        let again = false;
        try {
          again = await beat();
          outage.over();
        } catch (error) {
          // Its answer may be all that was lost: the store knows.
          current = false;
          outage.failed(error);
        }
        await pause(again ? 5 : Math.max(0, intervalMs - (Date.now() - startedAt)), signal);
      }
    },
  };
}
