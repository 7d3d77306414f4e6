/**
 * Puts a region's Redis right where it was marked as suspect: compares every key with a list of the store,
 * and mends those that differ. Runs beside the feeder, while changes flow.
 */
import type { Listed, RegionWriter, SnapshotEntry } from '@quantivista/region';
import { createOutage, type Log, pause } from '@quantivista/runtime';

/** The whole state of the store at one revision. */
export interface StoreState {
  readonly generation: string;
  readonly revision: number;
  readonly entries: readonly SnapshotEntry[];
}

export interface RepairOptions {
  /** The newest state, as of now; `undefined` where there is none to be had. */
  readonly list: () => Promise<StoreState | undefined>;
  readonly region: RegionWriter;
  readonly log: Log;
}

export interface Repair {
  /** Keys that were wrong and are right. */
  readonly repairedKeys: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

const LOOK_MS = 500;
/** A feeder that dies while it repairs leaves it to the others after so long. */
const CLAIM_MS = 10_000;
/** Redis is given so long to reach the revision of the list. */
const REACH_MS = 5_000;

export function createRepair({ list, region, log }: RepairOptions): Repair {
  let repairedKeys = 0;

  async function reached(revision: number, signal: AbortSignal): Promise<boolean> {
    for (const until = Date.now() + REACH_MS; Date.now() < until && !signal.aborted; ) {
      if (((await region.state()).revision ?? 0) >= revision) return true;
      await pause(20, signal);
    }
    return false;
  }

  /** The keys in which Redis differs from `store`; those that have changed since then are among them. */
  async function differing(store: StoreState): Promise<Listed[]> {
    const missing = new Map(store.entries.map(entry => [entry.key, entry]));
    const listed = new Map(missing);
    const found: Listed[] = [];
    for await (const page of region.pages(store.generation)) {
      for (const { key, value, modRevision } of page) {
        missing.delete(key);
        const entry = listed.get(key);
        if (entry?.value !== value || entry.modRevision !== modRevision) found.push({ key, entry });
      }
    }
    for (const [key, entry] of missing) found.push({ key, entry });
    return found;
  }

  /** Whether all was compared. The list comes first: from then on the stream tells what has changed. */
  async function compare(generation: string, signal: AbortSignal): Promise<boolean> {
    const store = await list();
    if (store?.generation !== generation || !(await reached(store.revision, signal))) return false;
    const wrong = await region.repair(generation, store.revision, await differing(store));
    if (wrong === 'moved') return false;
    repairedKeys += wrong.length;
    if (wrong.length > 0)
      log.warn({ generation, count: wrong.length, keys: wrong.slice(0, 20) }, 'keys in Redis were wrong');
    else log.info({ generation, keys: store.entries.length }, 'all keys in Redis were right');
    return true;
  }

  async function look(signal: AbortSignal): Promise<void> {
    const { generation } = await region.state();
    if (generation === undefined) return;
    const mark = await region.suspected(generation);
    if (mark === undefined || !(await region.claim('repair', CLAIM_MS))) return;
    try {
      if (await compare(generation, signal)) await region.clear(generation, mark);
    } finally {
      await region.release('repair');
    }
  }

  return {
    get repairedKeys() {
      return repairedKeys;
    },
    run: async signal => {
      const outage = createOutage(log, 'repairing failed');
      while (!signal.aborted) {
        try {
          await look(signal);
          outage.over();
        } catch (error) {
          if (!signal.aborted) outage.failed(error);
        }
        await pause(LOOK_MS, signal);
      }
    },
  };
}
