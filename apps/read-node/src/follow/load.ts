/** A whole state from the region's Redis, with the changes that led to it. */
import type { RegionReader, StreamEntry } from '@quantivista/region';
import { type SnapshotBuilder, startSnapshot } from '@quantivista/snapshot';
import { createHistory, type HistoryLimits } from './history.ts';
import type { Loaded } from './replica.ts';

export interface LoadOptions {
  readonly region: RegionReader;
  readonly history: HistoryLimits;
}

/**
 * Load what the region holds; `undefined` where it holds nothing, or where it changed in a way that makes
 * the scan useless: try again.
 *
 * The scan takes many round trips, and what it answers lies somewhere between the revision read before it
 * and the one read after. Replaying the stream over it, a key at a time and only forwards, ends in exactly
 * the state of the last entry replayed.
 */
export async function load({ region, history }: LoadOptions): Promise<Loaded | undefined> {
  const before = await region.state();
  if (before.generation === undefined || before.revision === undefined) return undefined;
  // Page by page into the state itself: nothing is held twice, and reads are answered in between.
  const building = startSnapshot(before.generation);
  for await (const page of region.pages(before.generation)) {
    for (const entry of page) building.set(entry, entry.modRevision);
  }
  const after = await region.state();
  if (after.generation !== before.generation || after.revision === undefined) return undefined;
  const tail = (await region.tail(before.generation, history.length)).filter(
    entry => entry.revision <= after.revision!,
  );
  return assemble(building, before.revision, after.revision, tail, history);
}

/** The state at `to`: what was scanned between `from` and `to`, and over it the stream's end up to `to`. */
export function assemble(
  scanned: SnapshotBuilder,
  from: number,
  to: number,
  tail: readonly StreamEntry[],
  limits: HistoryLimits,
): Loaded | undefined {
  if (!covers(tail, from, to)) return undefined;
  for (const entry of tail) {
    if (entry.kind === 'reset' || entry.revision <= from) continue;
    for (const change of entry.changes) {
      const present = scanned.stored(change.key);
      // The scan saw this key after this change already.
      if (present && present.modRevision > entry.revision) continue;
      scanned.set(change, entry.revision);
    }
  }

  // History begins after the newest reset, or where the stream was trimmed.
  const lastReset = tail.findLastIndex(entry => entry.kind === 'reset');
  const held = tail.slice(lastReset + 1).filter(entry => entry.kind === 'changes');
  const floor = lastReset >= 0 ? tail[lastReset]!.revision : (held[0]?.prev ?? to);
  const history = createHistory(floor, limits);
  for (const { revision, changes } of held) history.push({ revision, changes });
  return { snapshot: scanned.finish(to), history };
}

/** Whether `tail` holds every change in (from, to], without a reset among them. */
function covers(tail: readonly StreamEntry[], from: number, to: number): boolean {
  let reached = from;
  for (const entry of tail) {
    if (entry.revision <= reached) continue;
    if (entry.kind === 'reset' || entry.prev > reached) return false;
    reached = entry.revision;
  }
  return reached >= to;
}
