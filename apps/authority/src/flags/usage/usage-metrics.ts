/** What was counted of flags in the regions and came to the centre, for Prometheus. */
import type { Metrics } from '@quantivista/runtime';
import type { Intake } from './intake.ts';

export function registerUsageMetrics({ observed }: Metrics, intake: Intake): void {
  observed('qv_impressions_taken_total', 'evaluations taken in', () => intake.evaluations);
  observed('qv_impression_bundles_taken_total', 'bundles of counts taken in', () => intake.bundles);
  observed(
    'qv_impression_bundles_repeated_total',
    'bundles that had been taken in before: not counted again',
    () => intake.repeated,
  );
  observed('qv_impression_bundles_refused_total', 'bundles that were none', () => intake.refused);
}
