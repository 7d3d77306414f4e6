/** Follows the region's Redis: loads once, then applies the stream, one entry a revision. */
import type { RegionReader, StreamEntry } from '@quantivista/region';
import { createBackoff, type Log, pause } from '@quantivista/runtime';
import { load } from './load.ts';
import type { Replica } from './replica.ts';

export interface FollowerOptions {
  readonly region: RegionReader;
  readonly replica: Replica;
  readonly log: Log;
  readonly historyLength: number;
}

export interface Follower {
  /** Whether the last exchange with Redis succeeded. */
  readonly connected: boolean;
  /** Times that the state was loaded whole. */
  readonly loads: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

type Turn = 'go on' | 'load';

export function createFollower({ region, replica, log, historyLength }: FollowerOptions): Follower {
  let connected = false;
  let loads = 0;

  async function reload(): Promise<boolean> {
    const loaded = await load({ region, historyLength });
    if (!loaded) return false;
    replica.replace(loaded);
    loads++;
    log.info(
      {
        generation: loaded.snapshot.generation,
        revision: loaded.snapshot.revision,
        keys: loaded.snapshot.size,
      },
      'state loaded',
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
    connected = true;
    if (entries.length > 0) return { next: applyAll(entries), silent: false };
    const state = await region.state();
    // An empty region, or one that is behind, is being fed again: what is in memory is better.
    if (state.generation === undefined || state.revision === undefined)
      return { next: 'go on', silent: true };
    if (state.generation !== generation) return { next: 'load', silent: true };
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
    get loads() {
      return loads;
    },
    run: async signal => {
      const backoff = createBackoff({ firstMs: 20, maxMs: 500 });
      let mustLoad = true;
      let silent = false;
      while (!signal.aborted) {
        try {
          if (mustLoad) {
            mustLoad = !(await reload());
            connected = true;
            if (mustLoad) await pause(backoff.next(), signal);
            continue;
          }
          const result = await turn(silent);
          silent = result.silent;
          mustLoad = result.next === 'load';
          backoff.reset();
        } catch (error) {
          if (signal.aborted) return;
          if (connected) log.warn({ err: error }, "the region's store does not answer; serving what is held");
          connected = false;
          await pause(backoff.next(), signal);
        }
      }
    },
  };
}
