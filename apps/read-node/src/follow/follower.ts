/** Follows the region's Redis: loads once, then applies the stream, one entry a revision. */
import { toProblem } from '@quantivista/contracts';
import type { RegionReader, StreamEntry } from '@quantivista/region';
import { createBackoff, createOutage, type Log, pause } from '@quantivista/runtime';
import { createHistory, type HistoryLimits } from './history.ts';
import { load } from './load.ts';
import type { Loaded, Replica } from './replica.ts';

export interface FollowerOptions {
  readonly region: RegionReader;
  readonly replica: Replica;
  readonly log: Log;
  readonly history: HistoryLimits;
  /** What to start from where the region holds nothing, or does not answer. */
  readonly fallback?: (() => Promise<Loaded | undefined>) | undefined;
}

export interface Follower {
  /** Whether the last exchange with Redis succeeded. */
  readonly connected: boolean;
  /** Why that failed, where it did. */
  readonly fault: string | undefined;
  /** Times that the state was loaded whole. */
  readonly loads: number;
  /** Load the state anew, as soon as Redis answers. */
  reload(because: ReloadReason): void;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** The state held is wrong (`drifted`), and at a revision that the store has not reached (`ahead`). */
export type ReloadReason = 'drifted' | 'ahead';

type Turn = 'go on' | 'load';

export function createFollower(options: FollowerOptions): Follower {
  const { region, replica, log, history } = options;
  let { fallback } = options;
  let connected = false;
  let fault: string | undefined;
  let loads = 0;
  let wrong: ReloadReason | undefined;
  const outage = createOutage(log, "the region's store does not answer; serving what is held");

  const succeeded = () => {
    connected = true;
    fault = undefined;
    outage.over();
  };

  async function reload(): Promise<boolean> {
    const because = wrong;
    const loaded = await load({ region, history });
    if (!loaded) return false;
    const { snapshot } = loaded;
    // What the stream tells may be what was wrong: watchers from before are not to be replayed it.
    if (because) replica.replace({ snapshot, history: createHistory(snapshot.revision, history) }, because);
    else replica.replace(loaded);
    if (wrong === because) wrong = undefined;
    loads++;
    log.info(
      {
        generation: snapshot.generation,
        revision: snapshot.revision,
        keys: snapshot.size,
      },
      'state loaded',
    );
    return true;
  }

  /** Once, and only where nothing is held: from there on the region is followed like from any state. */
  async function startFromFallback(): Promise<boolean> {
    const loaded = replica.current ? undefined : await fallback?.();
    fallback = undefined;
    if (!loaded) return false;
    replica.replace(loaded);
    const { generation, revision, size } = loaded.snapshot;
    log.warn(
      { generation, revision, keys: size },
      'the region has no state to start from: that on disk is served',
    );
    return true;
  }

  /** Apply what continues the state; `load` where something between was missed. */
  function applyAll(entries: readonly StreamEntry[]): Turn {
    for (const entry of entries) {
      const held = replica.current!.snapshot.revision;
      if (entry.revision <= held) continue;
      // XREAD skips silently over what was trimmed: only the link to the entry before tells.
      if (entry.kind === 'reset' || entry.prev > held) return 'load';
      replica.apply(entry);
    }
    return 'go on';
  }

  /** One exchange. A silent stream is checked against what the region holds: it may have been replaced. */
  async function turn(silent: boolean): Promise<{ next: Turn; silent: boolean }> {
    const { generation, revision } = replica.current!.snapshot;
    const entries = await region.next(generation, revision);
    succeeded();
    if (entries.length > 0) return { next: applyAll(entries), silent: false };
    const state = await region.state();
    // An empty region, or one that is behind, is being fed again: what is in memory is better.
    if (state.generation === undefined || state.revision === undefined)
      return { next: 'go on', silent: false };
    if (state.generation !== generation) return { next: 'load', silent: false };
    // News that arrived after the read are seen by the next one; if they are not, the stream lacks them.
    if (state.revision > revision && silent && replica.current!.snapshot.revision === revision) {
      return { next: 'load', silent: true };
    }
    return { next: 'go on', silent: state.revision > revision };
  }

  return {
    get connected() {
      return connected;
    },
    get fault() {
      return fault;
    },
    get loads() {
      return loads;
    },
    reload: because => {
      wrong = because;
    },
    run: async signal => {
      const backoff = createBackoff({ firstMs: 20, maxMs: 500 });
      let mustLoad = true;
      let silent = false;
      while (!signal.aborted) {
        try {
          if (mustLoad || wrong) {
            mustLoad = !(await reload());
            succeeded();
            if (mustLoad) mustLoad = !(await startFromFallback());
            // Also where it was loaded: a stream that can't be followed must not make it load in a circle.
            await pause(backoff.next(), signal);
            continue;
          }
          const result = await turn(silent);
          silent = result.silent;
          mustLoad = result.next === 'load';
          if (!mustLoad) backoff.reset();
        } catch (error) {
          if (signal.aborted) return;
          outage.failed(error);
          fault = toProblem(error).detail;
          connected = false;
          // What it holds when it answers again is another matter.
          silent = false;
          if (mustLoad) mustLoad = !(await startFromFallback());
          await pause(backoff.next(), signal);
        }
      }
    },
  };
}
