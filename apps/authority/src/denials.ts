/**
 * What callers were denied, on its way to the record. Repeated denials are counted, and kept a second at a time: a
 * flood of bad requests costs one row, whoever sends it.
 */
import type { DenialRow } from '@quantivista/audit';
import type { Log, Metrics } from '@quantivista/runtime';
import { pause } from '@quantivista/runtime';

export interface Denial {
  /** Empty where nobody is known. */
  readonly caller: string;
  readonly action: string;
  readonly resource: string;
  readonly why: string;
}

export interface Denials {
  record(denial: Denial): void;
  /** Runs until `signal` aborts, and then writes what is left. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

export interface DenialsOptions {
  readonly write: (rows: readonly DenialRow[]) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly intervalMs?: number;
}

/** Different ones of an interval; those beyond are counted together, by caller. */
const MOST = 30;
const MOST_CALLERS = 20;
const MAX_TEXT = 300;

export function createDenials({ write, metrics, log, intervalMs = 1_000 }: DenialsOptions): Denials {
  const counted = metrics.counter('qv_denied_total', 'requests denied', ['kind']);
  let gathered = new Map<string, DenialRow>();

  const add = (denial: Denial, times: number, atMs: number): void => {
    const name = JSON.stringify(denial);
    const row = gathered.get(name) ?? { ...denial, firstAtMs: atMs, lastAtMs: atMs, times: 0 };
    gathered.set(name, { ...row, lastAtMs: atMs, times: row.times + times });
  };

  async function flush(): Promise<void> {
    if (gathered.size === 0) return;
    const rows = [...gathered.values()];
    gathered = new Map();
    try {
      await write(rows);
    } catch (error) {
      log.warn({ err: error, denials: rows.length }, 'denials could not be put on record');
      // Kept for the next time, as far as there is room.
      for (const { firstAtMs, lastAtMs, times, ...denial } of rows.slice(0, MOST - gathered.size))
        add(denial, times, Math.min(firstAtMs, lastAtMs));
    }
  }

  return {
    record: denial => {
      counted.inc({ kind: denial.caller === '' ? 'unauthenticated' : 'forbidden' });
      const cut = {
        ...denial,
        resource: denial.resource.slice(0, MAX_TEXT),
        why: denial.why.slice(0, MAX_TEXT),
      };
      if (gathered.size < MOST || gathered.has(JSON.stringify(cut))) return add(cut, 1, Date.now());
      const caller = gathered.size < MOST + MOST_CALLERS ? denial.caller : '(many)';
      add({ caller, action: '(many)', resource: '(many)', why: 'more than are kept apart' }, 1, Date.now());
    },
    run: async signal => {
      while (!signal.aborted) {
        await pause(intervalMs, signal);
        await flush();
      }
    },
  };
}
