/** What becomes of requests that fail for the authority's own reasons: counted, and told in the log. */
import { ServiceError } from '@quantivista/contracts';
import { type Log, type Metrics, throttledLine } from '@quantivista/runtime';

export interface Failures {
  /** Any error that a request ended with. */
  take(error: unknown): void;
}

/** Begun at 0, so that the first failure is an increase. */
const EXPECTED = [
  'store_unavailable',
  'store_full',
  'audit_unavailable',
  'write_in_doubt',
  'internal',
] as const;

export function createFailures(log: Log, metrics: Metrics): Failures {
  const counts = new Map<string, number>(EXPECTED.map(code => [code, 0]));
  metrics.observedBy(
    'qv_failed_total',
    'requests answered with a status of 500 or above',
    'code',
    () => counts,
  );
  const failed = (fields: object) => log.error(fields, 'a request failed');
  const unavailable = new Map<string, ReturnType<typeof throttledLine>>();
  /** While a store is away it is so with each request: one a second tells as much. */
  const tell = (error: ServiceError) => {
    const line = unavailable.get(error.code) ?? throttledLine(failed);
    unavailable.set(error.code, line);
    line({ err: error });
  };
  return {
    take: error => {
      const code = error instanceof ServiceError ? error.code : 'internal';
      if (error instanceof ServiceError && error.status < 500) return;
      counts.set(code, (counts.get(code) ?? 0) + 1);
      if (!(error instanceof ServiceError) || code === 'internal') failed({ err: error });
      // Who asks whether it is ready has failed at nothing.
      else if (code !== 'not_ready') tell(error);
    },
  };
}
