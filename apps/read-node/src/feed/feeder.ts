/**
 * Feeds a source (etcd, or nodes of another region) into the region's Redis: list once, then watch. Any number of feeders may run side by side,
 * be paused, or die at any point: what Redis accepts depends on (generation, revision) alone.
 */
import { GENERATION_KEY, HEARTBEAT_KEY, heartbeatAt, toProblem } from '@quantivista/contracts';
import type { RevisionEvents } from '@quantivista/etcd';
import { MAX_CHANGES, type RegionState, type RegionWriter } from '@quantivista/region';
import { createBackoff, createOutage, type Log, onAbort, pause } from '@quantivista/runtime';
import { listStore } from './list-store.ts';
import type { StoreState } from './repair.ts';
import type { Held, Source, SourceEnd } from './source.ts';
import { createTrail } from './trail.ts';

export interface FeederOptions {
  readonly source: Source;
  readonly region: RegionWriter;
  readonly log: Log;
  readonly observer?: FeedObserver;
}

/** Told of the revisions as they pass. Must not throw. */
export interface FeedObserver {
  received(events: RevisionEvents): void;
  /** This feeder was the first to bring it to Redis. */
  applied(events: RevisionEvents): void;
}

export type FeederState = 'connecting' | 'listing' | 'watching' | 'waiting';

export interface Feeder {
  /** What it is fed from now. */
  readonly source: string;
  readonly state: FeederState;
  /** Why it does not get to watch its source; `undefined` once it does. */
  readonly fault: string | undefined;
  /** Whether it has ever watched its source: losing that again makes no node unready. */
  readonly begun: boolean;
  /** Revisions that this feeder was the first to bring. */
  readonly applied: number;
  /** Whole states published. */
  readonly published: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** Revisions in one exchange with Redis. */
const BATCH = 128;
/** After so long without news Redis is asked whether it still has what it was given. */
const QUIET_MS = 1_000;

/** Why a round ended; the next one starts from what the source and Redis then say. */
type RoundEnd = SourceEnd['reason'] | 'not continuous' | 'no generation' | 'another was first';

export function createFeeder({ source, region, log, observer }: FeederOptions): Feeder {
  const trail = createTrail();
  let state: FeederState = 'connecting';
  let fault: string | undefined;
  const outage = createOutage(log, 'feeding failed');
  let begun = false;
  let watchingSince = Number.POSITIVE_INFINITY;
  let applied = 0;
  let published = 0;

  /**
   * Put a whole state into Redis, in place of `seen`. Where Redis lost what this feeder had brought, the
   * state listed is an older one, so that the changes since then go through the stream again and nodes
   * that are behind miss none.
   */
  async function publishWhole(generation: string, seen: RegionState): Promise<RegionState | undefined> {
    state = 'listing';
    const waysBack = seen.revision === undefined ? trail.waysBack(generation) : [];
    let listed: StoreState | undefined;
    for (const revision of [...waysBack, undefined]) {
      listed = await listStore(source, revision);
      if (listed) break;
    }
    // The list itself must be of this generation: the store may have been replaced since it was read.
    if (listed?.generation !== generation) return undefined;
    // Another parent than the one that was followed may be behind it: nothing is taken back (I3).
    if (seen.generation === generation && seen.revision !== undefined && listed.revision < seen.revision)
      return undefined;
    if ((await region.publish(seen, generation, listed.revision, listed.entries)) === 'changed')
      return undefined;
    published++;
    log.info({ generation, revision: listed.revision, keys: listed.entries.length }, 'whole state published');
    return { generation, revision: listed.revision };
  }

  async function replaceWhole(generation: string): Promise<RoundEnd> {
    return (await publishWhole(generation, await region.state())) ? 'not continuous' : 'another was first';
  }

  /** A Redis that lost its data says nothing of it, and without changes nobody would notice. */
  async function holds(generation: string, revision: number): Promise<boolean> {
    const held = await region.state();
    return held.generation === generation && held.revision !== undefined && held.revision >= revision;
  }

  /** Watch from `start` on and apply what comes, until either side ends it. */
  async function pump(generation: string, start: number, signal: AbortSignal): Promise<RoundEnd> {
    const queue: RevisionEvents[] = [];
    let last = start;
    let wake = () => {};
    const watch = source.watch({
      generation,
      from: start + 1,
      onRevision: events => {
        observer?.received(events);
        queue.push(events);
        wake();
      },
    });
    let ended: SourceEnd | undefined;
    watch.ended.then(end => {
      ended = end;
      // Who is not let in has to be told why.
      if (end.reason === 'lost') log.info({ err: end.cause }, 'the source is lost');
      wake();
    });
    const news = () =>
      new Promise<'news' | 'quiet'>(resolve => {
        const timer = setTimeout(() => resolve('quiet'), QUIET_MS);
        wake = () => {
          clearTimeout(timer);
          resolve('news');
        };
      });
    // It may have been told to end while it listed.
    const stopListening = onAbort(signal, watch.close);
    state = 'watching';
    fault = undefined;
    outage.over();
    watchingSince = performance.now();
    begun = true;
    try {
      for (;;) {
        if (queue.length === 0) {
          if (ended) return ended.reason;
          if ((await news()) === 'quiet' && !(await holds(generation, last))) return 'not continuous';
          continue;
        }
        const batch = queue.splice(0, BATCH);
        const end = await applyBatch(generation, last, batch);
        if (end) return end;
        last = batch.at(-1)!.revision;
      }
    } finally {
      stopListening();
      watch.close();
    }
  }

  async function applyBatch(
    generation: string,
    last: number,
    batch: readonly RevisionEvents[],
  ): Promise<RoundEnd | undefined> {
    const steps = batch.map(({ revision, events }, index) => ({
      from: index === 0 ? last : batch[index - 1]!.revision,
      to: revision,
      changes: events,
    }));
    const changesGeneration = (step: (typeof steps)[number]) =>
      step.changes.some(change => change.key === GENERATION_KEY && change.value !== generation);
    if (steps.some(changesGeneration)) return 'generation changed';
    if (steps.some(step => step.changes.length > MAX_CHANGES)) {
      // Not made by the authority: too much for one stream entry. Nodes take it as a whole state.
      return replaceWhole(generation);
    }
    const results = await region.apply(generation, steps);
    // What was written into the stream past the rules stands in the way: it goes with a whole new state.
    if (results.includes('broken')) return replaceWhole(generation);
    for (const [index, result] of results.entries()) {
      if (result === 'gap' || result === 'foreign') return 'not continuous';
      if (result === 'applied') {
        applied++;
        observer?.applied(batch[index]!);
      }
      trail.add(generation, steps[index]!.to);
    }
    return undefined;
  }

  /** What Redis holds, and how old that is. */
  async function whatIsHeld(): Promise<Held> {
    const { generation, revision } = await region.state();
    const beat = generation === undefined ? undefined : await region.value(generation, HEARTBEAT_KEY);
    return { generation, revision, completeAt: heartbeatAt(beat) };
  }

  /** One round: agree with the source on the generation, with Redis on the revision, then watch from there. */
  async function round(signal: AbortSignal): Promise<RoundEnd> {
    state = 'connecting';
    const generation = await source.generation(await whatIsHeld());
    if (generation === undefined) return 'no generation';
    let held: RegionState | undefined = await region.state();
    if (held.generation !== generation || held.revision === undefined)
      held = await publishWhole(generation, held);
    if (held?.revision === undefined) return 'another was first';
    if (trail.oldest(generation) === undefined) trail.add(generation, held.revision);
    const end = await pump(generation, held.revision, signal);
    if (end !== 'compacted') return end;
    // The other feeder may have gone on meanwhile: only what is still behind is replaced.
    const now = await region.state();
    if (now.generation === generation && now.revision === held.revision) await publishWhole(generation, now);
    return end;
  }

  return {
    get source() {
      return source.name;
    },
    get state() {
      return state;
    },
    get fault() {
      return fault;
    },
    get begun() {
      return begun;
    },
    get applied() {
      return applied;
    },
    get published() {
      return published;
    },
    run: async signal => {
      const backoff = createBackoff({ firstMs: 20, maxMs: 1_000 });
      while (!signal.aborted) {
        watchingSince = Number.POSITIVE_INFINITY;
        try {
          const end = await round(signal);
          log.info({ end }, 'feeding round ended');
        } catch (error) {
          fault = toProblem(error).detail;
          if (!signal.aborted) outage.failed(error);
        }
        state = 'waiting';
        // Waiting for an answer that did not come takes as long, and many feeders may have waited together.
        if (performance.now() - watchingSince > 5_000) backoff.reset();
        await pause(backoff.next(), signal);
      }
    },
  };
}
