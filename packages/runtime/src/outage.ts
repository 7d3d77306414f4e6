/**
 * What fails again and again, as the log tells it: once for each reason, and once when it works again. Loops try every
 * second or more often, and a line each time would bury all others.
 */
import type { Log } from './log.ts';

export interface Outage {
  /** Whether it failed last. */
  readonly present: boolean;
  failed(error: unknown): void;
  over(): void;
}

/** More are not told apart: a reason may hold what is another each time. */
const MAX_REASONS = 10;

/** @param what fails: a line of the log. @param fields of each line */
export function createOutage(log: Log, what: string, fields: object = {}): Outage {
  const reasons = new Set<string>();
  let since = 0;
  return {
    get present() {
      return reasons.size > 0;
    },
    failed: error => {
      if (reasons.size === 0) since = performance.now();
      const reason = error instanceof Error ? error.message : String(error);
      if (reasons.has(reason) || reasons.size === MAX_REASONS) return;
      reasons.add(reason);
      log.warn({ ...fields, err: error }, what);
    },
    over: () => {
      if (reasons.size === 0) return;
      reasons.clear();
      log.info({ ...fields, after_ms: Math.round(performance.now() - since) }, `no longer: ${what}`);
    },
  };
}
