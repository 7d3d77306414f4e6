/** How many evaluations were counted here, for Prometheus. Flags are not named: there are too many. */
import type { Metrics } from '@quantivista/runtime';
import type { ImpressionCounts } from './impressions.ts';

/** @param counts absent where none are counted */
export function registerImpressionMetrics({ observed }: Metrics, counts: ImpressionCounts | undefined): void {
  observed('qv_impressions_counted_total', 'evaluations counted', () => counts?.counted ?? 0);
  observed(
    'qv_impressions_other_total',
    'evaluations counted that there was no room to name the flag of',
    () => counts?.other ?? 0,
  );
  observed(
    'qv_impressions_unknown_total',
    'evaluations of flags that are not held here: not counted',
    () => counts?.unknown ?? 0,
  );
}
