/**
 * A region's Redis in memory, by the rules of `packages/region/src/rules.ts`. The cases of
 * `test/stores/region-cases.ts` hold of it as of a real one.
 */
import type {
  ApplyResult,
  Change,
  Listed,
  RegionReader,
  RegionState,
  RegionWriter,
  RevisionStep,
  SnapshotEntry,
  StreamEntry,
} from '@quantivista/region';
import { createBlockingReads } from './blocking-reads.ts';
import type { Link } from './link.ts';
import { type Call, createSimulatedSuspicion } from './simulated-suspicion.ts';

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

export function createSimulatedRegion(options: SimulatedRegionOptions): SimulatedRegion {
  const { blockMs, streamLength = 20_000, onApplied } = options;
  let pointer: string | undefined;
  let generations = new Map<string, Held>();
  const suspicion = createSimulatedSuspicion();
  const reads = createBlockingReads(blockMs);

  const state = (): RegionState => ({
    generation: pointer,
    revision: pointer === undefined ? undefined : generations.get(pointer)?.revision,
  });

  /** XADD of an id above the top: wakes whoever waits. */
  function append(generation: string, held: Held, entry: StreamEntry): void {
    held.stream.push(entry);
    // Redis trims by whole nodes of a hundred entries.
    if (held.stream.length >= streamLength + 100) held.stream.splice(0, 100);
    reads.wake(generation);
  }

  function applyStep(generation: string, { from, to, changes }: RevisionStep): ApplyResult {
    const held = generations.get(generation);
    if (pointer !== generation || held?.revision === undefined) return 'foreign';
    if (to <= held.revision) return 'duplicate';
    if (from > held.revision) return 'gap';
    const linked: Change[] = changes.map(({ key, value }) => {
      const replaced = held.snapshot.get(key);
      return { key, value, previous: replaced?.value, previousRevision: replaced?.modRevision };
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
    if (entries.length === 0) return 'changed';
    if (now.generation !== undefined && now.generation !== generation) generations.delete(now.generation);
    const held = generations.get(generation) ?? createHeld();
    generations.set(generation, held);
    const isBelow = (held.stream.at(-1)?.revision ?? 0) >= revision;
    if (now.revision === undefined || now.generation !== generation || isBelow) held.stream = [];
    held.snapshot = new Map(entries.map(entry => [entry.key, entry]));
    append(generation, held, { kind: 'reset', revision });
    held.revision = revision;
    pointer = generation;
    return 'published';
  }

  function repair(generation: string, since: number, keys: readonly Listed[]): string[] | 'moved' {
    const held = generations.get(generation);
    if (pointer !== generation || held?.revision === undefined || held.revision < since) return 'moved';
    let reached = since;
    const touched = new Set<string>();
    for (const entry of held.stream) {
      if (entry.revision <= since) continue;
      if (entry.kind === 'reset' || entry.prev > reached) return 'moved';
      reached = entry.revision;
      for (const { key } of entry.changes) touched.add(key);
    }
    if (reached < held.revision) return 'moved';
    const wrong = keys.filter(({ key, entry }) => !touched.has(key) && !same(held.snapshot.get(key), entry));
    for (const { key, entry } of wrong) {
      if (entry) held.snapshot.set(key, entry);
      else held.snapshot.delete(key);
    }
    return wrong.map(({ key }) => key);
  }

  /** XREAD COUNT 512. Followers ask for the newest few: the search goes backwards. */
  function after(generation: string, revision: number): StreamEntry[] {
    const stream = generations.get(generation)?.stream ?? [];
    let from = stream.length;
    while (from > 0 && stream[from - 1]!.revision > revision) from--;
    return stream.slice(from, from + 512);
  }

  function next(generation: string, revision: number): StreamEntry[] | Promise<StreamEntry[]> {
    const entries = after(generation, revision);
    if (entries.length > 0) return entries;
    return new Promise(resolve => {
      reads.wait(generation, news => resolve(news ? after(generation, revision) : []));
    });
  }

  const entriesOf = (generation: string) => [...(generations.get(generation)?.snapshot.values() ?? [])];

  /** What readers and writers do alike. */
  const common = (call: Call) => ({
    ...suspicion.over(call),
    state: () => call(state),
    pages: async function* (generation: string) {
      yield await call(() => entriesOf(generation));
    },
    close: () => {},
  });

  function reader(link?: Link): RegionReader {
    const call = callOver(link);
    return {
      ...common(call),
      scan: generation => call(() => entriesOf(generation)),
      keysAt: (generation, keys) =>
        call(() => {
          const { revision, snapshot } = generations.get(generation) ?? createHeld();
          const entries = keys.map(key => snapshot.get(key));
          return revision === undefined ? undefined : { revision, entries };
        }),
      tail: (generation, count) => call(() => generations.get(generation)?.stream.slice(-count) ?? []),
      next: (generation, revision) => call(() => next(generation, revision)),
    };
  }
  function writer(link?: Link): RegionWriter {
    const call = callOver(link);
    return {
      ...common(call),
      value: (generation, key) => call(() => generations.get(generation)?.snapshot.get(key)?.value),
      apply: (generation, steps) => call(() => steps.map(step => applyStep(generation, step))),
      publish: (...args) => call(() => publish(...args)),
      repair: (...args) => call(() => repair(...args)),
    };
  }

  return {
    state,
    reader,
    writer,
    wipe: () => {
      pointer = undefined;
      generations = new Map();
      suspicion.wipe();
    },
  };
}

const callOver =
  (link: Link | undefined): Call =>
  serve =>
    link ? link.call(serve) : new Promise(resolve => resolve(serve()));

const createHeld = (): Held => ({ revision: undefined, snapshot: new Map(), stream: [] });

const same = (a: SnapshotEntry | undefined, b: SnapshotEntry | undefined): boolean =>
  a?.modRevision === b?.modRevision && a?.value === b?.value;
