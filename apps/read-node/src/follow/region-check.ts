/**
 * Compares the region's Redis, key by key, with what this node holds, so that a value that went wrong there
 * is found before a node starts from it.
 */
import { HEARTBEAT_KEY } from '@quantivista/contracts';
import type { RegionReader, SnapshotEntry } from '@quantivista/region';
import { createOutage, type Log, pause } from '@quantivista/runtime';
import { partOf, type StoredEntry } from '@quantivista/snapshot';
import type { Drift } from './drift.ts';
import type { Replica } from './replica.ts';

export interface RegionCheckOptions {
  readonly region: RegionReader;
  readonly replica: Replica;
  readonly drift: Pick<Drift, 'verified'>;
  readonly log: Log;
  /** Each region is checked about so often, by one of its nodes. */
  readonly intervalMs: number;
  /** Whether this node holds a part. @default every part */
  readonly holds?: (part: string) => boolean;
}

export interface RegionCheck {
  /** Times that this node found the region's Redis to be wrong. */
  readonly found: number;
  /** Times that it compared. */
  readonly checks: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** Keys in one look at a single moment. */
const MOMENT_KEYS = 500;
const REACH_MS = 5_000;

const same = (a: SnapshotEntry | undefined, b: StoredEntry | undefined): boolean =>
  a?.modRevision === b?.modRevision && a?.value === b?.value;

export function createRegionCheck(options: RegionCheckOptions): RegionCheck {
  const { region, replica, drift, log, intervalMs, holds = () => true } = options;
  let found = 0;
  let checks = 0;

  /** Keys that look different; what changes while the scan goes on does so too. */
  async function suspects(generation: string): Promise<string[]> {
    const seen = new Set<string>();
    const different = new Set<string>();
    const { snapshot } = replica.current!;
    for await (const page of region.pages(generation)) {
      for (const entry of page) {
        seen.add(entry.key);
        if (holds(partOf(entry.key)) && !same(entry, snapshot.stored(entry.key))) different.add(entry.key);
      }
    }
    for (const { key } of snapshot.entries()) if (!seen.has(key)) different.add(key);
    // Put each second, and kept in no history.
    different.delete(HEARTBEAT_KEY);
    return [...different];
  }

  /** Those of `keys` that differ at one moment: what this node saw change after that moment is left out. */
  async function differingNow(generation: string, keys: readonly string[]): Promise<string[]> {
    const then = await region.keysAt(generation, keys);
    if (!then || !(await replica.reached(then.revision, REACH_MS))) return [];
    const { snapshot, history } = replica.current!;
    const since = snapshot.generation === generation ? history.after(then.revision) : undefined;
    if (!since) return [];
    const changed = new Set(since.flatMap(entry => entry.changes.map(change => change.key)));
    return keys.filter((key, at) => !changed.has(key) && !same(then.entries[at], snapshot.stored(key)));
  }

  async function check(): Promise<void> {
    const { generation } = replica.current!.snapshot;
    const state = await region.state();
    if (state.generation !== generation || state.revision === undefined) return;
    const keys = await suspects(generation);
    const wrong: string[] = [];
    for (let at = 0; at < keys.length; at += MOMENT_KEYS)
      wrong.push(...(await differingNow(generation, keys.slice(at, at + MOMENT_KEYS))));
    checks++;
    // Wiped, or replaced, while it was looked at: then a feeder sees to it.
    if (wrong.length === 0 || drift.verified === undefined) return;
    if ((await region.state()).generation !== generation) return;
    found++;
    log.error({ generation, count: wrong.length, keys: wrong.slice(0, 20) }, 'Redis differs from this node');
    await region.suspect(generation);
  }

  return {
    get found() {
      return found;
    },
    get checks() {
      return checks;
    },
    run: async signal => {
      const outage = createOutage(log, 'the region could not be checked');
      for (;;) {
        await pause(intervalMs * (0.5 + Math.random()), signal);
        if (signal.aborted) return;
        try {
          if (drift.verified !== undefined && (await region.claim('check', intervalMs / 2))) await check();
          outage.over();
        } catch (error) {
          if (!signal.aborted) outage.failed(error);
        }
      }
    },
  };
}
