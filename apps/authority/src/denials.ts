/** What callers were denied here, on its way to the record, a second at a time. */
import { gatherDenials } from '@quantivista/access';
import type { Denial, RepeatedDenial } from '@quantivista/contracts';
import type { Log, Metrics } from '@quantivista/runtime';
import { createOutage, pause } from '@quantivista/runtime';

export interface Denials {
  record(denial: Denial): void;
  /** Runs until `signal` aborts, and then writes what is left. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

export interface DenialsOptions {
  readonly write: (rows: readonly RepeatedDenial[]) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly intervalMs?: number;
}

export function createDenials({ write, metrics, log, intervalMs = 1_000 }: DenialsOptions): Denials {
  const counted = metrics.counter('qv_denied_total', 'requests denied', ['kind']);
  const gathering = gatherDenials();
  const outage = createOutage(log, 'denials could not be put on record');

  async function flush(): Promise<void> {
    const rows = gathering.take();
    if (rows.length === 0) return;
    try {
      await write(rows);
      outage.over();
    } catch (error) {
      outage.failed(error);
      // Kept for the next time, together with what there is no room for.
      for (const row of rows) gathering.add(row, Date.now());
    }
  }

  return {
    record: denial => {
      counted.inc({ kind: denial.caller === '' ? 'unauthenticated' : 'forbidden' });
      gathering.add(denial, Date.now());
    },
    run: async signal => {
      while (!signal.aborted) {
        await pause(intervalMs, signal);
        await flush();
      }
    },
  };
}
