/**
 * A region's Redis in memory, by the two rules of `packages/region/src/rules.ts`. The cases of
 * `test/stores/region-cases.ts` hold of it as of a real one.
 */
import type {
  ApplyResult,
  Change,
  RegionReader,
  RegionState,
  RegionWriter,
  RevisionStep,
  SnapshotEntry,
  StreamEntry,
} from '@quantivista/region';
import { type Link, unavailable } from './link.ts';

export interface SimulatedRegionOptions {
  /** Longest wait of a blocking read. */
  readonly blockMs: number;
  readonly streamLength?: number;
  /** A revision was applied for the first time. */
  readonly onApplied?: (revision: number) => void;
}

export interface SimulatedRegion {
  /** Without a link, as if on the same machine. */
  reader(link?: Link): RegionReader;
  writer(link?: Link): RegionWriter;
  state(): RegionState;
  /** Lose everything, as after a restart without a disk. Readers that wait go on waiting. */
  wipe(): void;
}

/** What stands under one generation. */
interface Held {
  revision: number | undefined;
  snapshot: Map<string, SnapshotEntry>;
  stream: StreamEntry[];
}

/** A blocking read. All wait equally long, so the oldest is the first to give up. */
interface Waiter {
  readonly generation: string;
  readonly revision: number;
  readonly since: number;
  readonly answer: (entries: StreamEntry[]) => void;
}

export function createSimulatedRegion(options: SimulatedRegionOptions): SimulatedRegion {
  const { blockMs, streamLength = 20_000, onApplied } = options;
  let pointer: string | undefined;
  let generations = new Map<string, Held>();
  let waiters: Waiter[] = [];
  let expiring = false;

  const state = (): RegionState => ({
    generation: pointer,
    revision: pointer === undefined ? undefined : generations.get(pointer)?.revision,
  });

  /** XADD: refuses an id at or under the top, and wakes whoever waits. */
  function append(generation: string, held: Held, entry: StreamEntry): void {
    const top = held.stream.at(-1)?.revision ?? 0;
    if (entry.revision <= top) throw unavailable();
    held.stream.push(entry);
    // Redis trims by whole nodes of a hundred entries.
    if (held.stream.length >= streamLength + 100) held.stream.splice(0, 100);
    const awake = waiters.filter(waiter => waiter.generation === generation);
    waiters = waiters.filter(waiter => waiter.generation !== generation);
    for (const waiter of awake) waiter.answer(after(generation, waiter.revision));
  }

  function applyStep(generation: string, { from, to, changes }: RevisionStep): ApplyResult {
    const held = generations.get(generation);
    if (pointer !== generation || held?.revision === undefined) return 'foreign';
    if (to <= held.revision) return 'duplicate';
    if (from > held.revision) return 'gap';
    const linked: Change[] = changes.map(({ key, value }) => {
      return { key, value, previous: held.snapshot.get(key)?.value };
    });
    append(generation, held, { kind: 'changes', revision: to, prev: held.revision, changes: linked });
    for (const { key, value } of changes) {
      if (value === undefined) held.snapshot.delete(key);
      else held.snapshot.set(key, { key, value, modRevision: to });
    }
    held.revision = to;
    onApplied?.(to);
    return 'applied';
  }

  function publish(
    seen: RegionState,
    generation: string,
    revision: number,
    entries: readonly SnapshotEntry[],
  ): 'published' | 'changed' {
    const now = state();
    if (now.generation !== seen.generation || now.revision !== seen.revision) return 'changed';
    if (now.generation !== undefined && now.generation !== generation) generations.delete(now.generation);
    const held = generations.get(generation) ?? { revision: undefined, snapshot: new Map(), stream: [] };
    generations.set(generation, held);
    if (now.revision === undefined || now.generation !== generation) held.stream = [];
    held.snapshot = new Map(entries.map(entry => [entry.key, entry]));
    append(generation, held, { kind: 'reset', revision });
    held.revision = revision;
    pointer = generation;
    return 'published';
  }

  /** XREAD COUNT 512. Followers ask for the newest few: the search goes backwards. */
  function after(generation: string, revision: number): StreamEntry[] {
    const stream = generations.get(generation)?.stream ?? [];
    let from = stream.length;
    while (from > 0 && stream[from - 1]!.revision > revision) from--;
    return stream.slice(from, from + 512);
  }

  function expire(): void {
    const expired = waiters.filter(waiter => waiter.since + blockMs <= performance.now());
    waiters = waiters.slice(expired.length);
    for (const waiter of expired) waiter.answer([]);
    expiring = false;
    if (waiters.length > 0) expireAfter(waiters[0]!.since + blockMs - performance.now());
  }

  /** One timer for all who wait. */
  function expireAfter(ms: number): void {
    if (expiring) return;
    expiring = true;
    setTimeout(expire, ms);
  }

  function next(generation: string, revision: number): StreamEntry[] | Promise<StreamEntry[]> {
    const entries = after(generation, revision);
    if (entries.length > 0) return entries;
    return new Promise(answer => {
      waiters.push({ generation, revision, since: performance.now(), answer });
      expireAfter(blockMs);
    });
  }

  const call = <T>(link: Link | undefined, serve: () => T | Promise<T>): Promise<T> =>
    link ? link.call(serve) : new Promise(resolve => resolve(serve()));

  return {
    state,
    reader: link => ({
      state: () => call(link, state),
      scan: generation => call(link, () => [...(generations.get(generation)?.snapshot.values() ?? [])]),
      tail: (generation, count) => call(link, () => generations.get(generation)?.stream.slice(-count) ?? []),
      next: (generation, revision) => call(link, () => next(generation, revision)),
      close: () => {},
    }),
    writer: link => ({
      state: () => call(link, state),
      apply: (generation, steps) => call(link, () => steps.map(step => applyStep(generation, step))),
      publish: (...args) => call(link, () => publish(...args)),
      close: () => {},
    }),
    wipe: () => {
      pointer = undefined;
      generations = new Map();
    },
  };
}
