/**
 * Hands what this node has counted to its region's Redis, window by window. Each part is handed over under a number
 * that Redis knows again, so that one whose answer was lost is not counted twice. A node that is killed takes along
 * what it has counted since the last window ended, and what Redis has not taken by then.
 */
import { randomUUID } from 'node:crypto';
import type { Bundle, CountBatch, Tally } from '@quantivista/region';
import { createOutage, type Log, pause } from '@quantivista/runtime';

/** What this node counts. */
export interface Counts {
  /** What was counted since it was taken last. */
  take(): Omit<CountBatch, 'at'>;
}

export interface HandOverOptions {
  readonly counts: Counts;
  readonly region: Pick<Tally<Bundle>, 'add'>;
  readonly windowMs: number;
  readonly log: Log;
}

export interface HandOver {
  /** How much of it Redis has taken: evaluations, for one. */
  readonly handedOver: number;
  /** What it has not taken for so long that it was given up. */
  readonly dropped: number;
  /** Runs until `signal` aborts, and then hands over what is left. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** Pairs in one call: Redis does nothing else for so long, half a millisecond. */
const BATCH = 500;
/** Batches that wait while Redis is away; the oldest are given up. */
const MAX_WAITING = 200;
const RETRY_MS = 1_000;

interface Waiting extends CountBatch {
  readonly sequence: number;
}

export function createHandOver({ counts, region, windowMs, log }: HandOverOptions): HandOver {
  /** Another one after each start: sequences begin anew. */
  const life = randomUUID();
  const waiting: Waiting[] = [];
  let sequence = 0;
  let handedOver = 0;
  let dropped = 0;
  const outage = createOutage(log, 'what was counted waits for the region');

  function enqueue(at: number): void {
    const { counts: pairs, other } = counts.take();
    for (let from = 0; from < pairs.length || (from === 0 && other > 0); from += BATCH) {
      const part = pairs.slice(from, from + BATCH);
      waiting.push({ sequence: ++sequence, at, counts: part, other: from === 0 ? other : 0 });
    }
    while (waiting.length > MAX_WAITING) dropped += timesIn(waiting.shift()!);
  }

  async function send(): Promise<void> {
    try {
      for (let next = waiting[0]; next; next = waiting[0]) {
        await region.add(life, next.sequence, next);
        waiting.shift();
        handedOver += timesIn(next);
      }
      outage.over();
    } catch (error) {
      outage.failed(error);
    }
  }

  const windowNow = () => Math.floor(Date.now() / windowMs) * windowMs;

  return {
    get handedOver() {
      return handedOver;
    },
    get dropped() {
      return dropped;
    },
    run: async signal => {
      let at = windowNow();
      while (!signal.aborted) {
        // Also where the clock was put back.
        if (windowNow() !== at) {
          enqueue(at);
          at = windowNow();
          // The nodes of a region do not all come at once.
          if (waiting.length > 0) await pause((Math.random() * windowMs) / 10, signal);
        }
        await send();
        const restMs = Math.max(1, at + windowMs - Date.now());
        await pause(Math.min(restMs, outage.present ? RETRY_MS : windowMs), signal);
      }
      enqueue(at);
      await send();
    },
  };
}

const timesIn = ({ counts, other }: CountBatch): number =>
  counts.reduce((sum, [, times]) => sum + times, other);
