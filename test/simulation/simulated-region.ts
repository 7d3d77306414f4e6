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
  Suspicion,
} from '@quantivista/region';
import type { Link } from './link.ts';

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
  /** Work, and until when it is claimed. */
  const claims = new Map<string, number>();
  /** By generation, the mark that says that what is held may be wrong. */
  const marks = new Map<string, { mark: string; until: number }>();
  let marked = 0;
  let waiters: Waiter[] = [];
  let expiring = false;

  const state = (): RegionState => ({
    generation: pointer,
    revision: pointer === undefined ? undefined : generations.get(pointer)?.revision,
  });

  /** XADD of an id above the top: wakes whoever waits. */
  function append(generation: string, held: Held, entry: StreamEntry): void {
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

  const markOf = (generation: string): string | undefined => {
    const set = marks.get(generation);
    return set && set.until > performance.now() ? set.mark : undefined;
  };
  const entriesOf = (generation: string) => [...(generations.get(generation)?.snapshot.values() ?? [])];

  /** What readers and writers do alike. */
  const common = (link: Link | undefined): Suspicion & Pick<RegionReader & RegionWriter, Alike> => ({
    state: () => call(link, state),
    pages: async function* (generation) {
      yield await call(link, () => entriesOf(generation));
    },
    suspect: generation =>
      call(link, () => {
        marks.set(generation, { mark: String(++marked), until: performance.now() + MARK_MS });
      }),
    suspected: generation => call(link, () => markOf(generation)),
    clear: (generation, mark) =>
      call(link, () => {
        if (markOf(generation) === mark) marks.delete(generation);
      }),
    claim: (work, forMs) =>
      call(link, () => {
        if ((claims.get(work) ?? 0) > performance.now()) return false;
        claims.set(work, performance.now() + forMs);
        return true;
      }),
    release: work => call(link, () => void claims.delete(work)),
    close: () => {},
  });

  return {
    state,
    reader: link => ({
      ...common(link),
      scan: generation => call(link, () => entriesOf(generation)),
      keysAt: (generation, keys) =>
        call(link, () => {
          const { revision, snapshot } = generations.get(generation) ?? createHeld();
          return revision === undefined
            ? undefined
            : { revision, entries: keys.map(key => snapshot.get(key)) };
        }),
      tail: (generation, count) => call(link, () => generations.get(generation)?.stream.slice(-count) ?? []),
      next: (generation, revision) => call(link, () => next(generation, revision)),
    }),
    writer: link => ({
      ...common(link),
      value: (generation, key) => call(link, () => generations.get(generation)?.snapshot.get(key)?.value),
      apply: (generation, steps) => call(link, () => steps.map(step => applyStep(generation, step))),
      publish: (...args) => call(link, () => publish(...args)),
      repair: (...args) => call(link, () => repair(...args)),
    }),
    wipe: () => {
      pointer = undefined;
      generations = new Map();
      claims.clear();
      marks.clear();
    },
  };
}

/** A mark that no feeder takes up is not kept for longer. */
const MARK_MS = 60_000;

type Alike = 'state' | 'pages' | 'close';

const createHeld = (): Held => ({
  revision: undefined,
  snapshot: new Map(),
  stream: [],
});

const same = (a: SnapshotEntry | undefined, b: SnapshotEntry | undefined): boolean =>
  a?.modRevision === b?.modRevision && a?.value === b?.value;
