/** What became of evaluations here, for Prometheus. Flags are not named: there are too many. */
import type { Metrics } from '@quantivista/runtime';
import type { ImpressionCounts } from '../../serve/flags/impressions.ts';
import type { Carrier } from './carrier.ts';
import type { HandOver } from './hand-over.ts';

/** Absent where the node does not do that. */
export interface ImpressionParts {
  readonly counts: ImpressionCounts | undefined;
  readonly handOver: HandOver | undefined;
  readonly carrier: () => Carrier | undefined;
}

export function registerImpressionMetrics(
  { observed }: Metrics,
  { counts, handOver, carrier }: ImpressionParts,
): void {
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
  observed(
    'qv_impressions_handed_over_total',
    "evaluations that the region's Redis has taken",
    () => handOver?.handedOver ?? 0,
  );
  observed(
    'qv_impressions_dropped_total',
    'evaluations given up, since Redis was away for too long',
    () => handOver?.dropped ?? 0,
  );
  observed(
    'qv_impressions_carried_total',
    'bundles of counts handed over for regions by this node',
    () => carrier()?.carried ?? 0,
  );
}
