/** What became of what was counted here, for Prometheus. */
import type { Metrics } from '@quantivista/runtime';
import type { Carrier } from './carrier.ts';
import type { HandOver } from './hand-over.ts';

export interface TallyParts {
  /** As it stands in the names of the metrics. */
  readonly kind: string;
  /** What is counted. */
  readonly what: string;
  /** Absent where the node does not do that. */
  readonly handOver: HandOver | undefined;
  readonly carrier: () => Carrier | undefined;
}

export function registerTallyMetrics(
  { observed }: Metrics,
  { kind, what, handOver, carrier }: TallyParts,
): void {
  observed(
    `qv_${kind}_handed_over_total`,
    `${what} that the region's Redis has taken`,
    () => handOver?.handedOver ?? 0,
  );
  observed(
    `qv_${kind}_dropped_total`,
    `${what} given up, since Redis was away for too long`,
    () => handOver?.dropped ?? 0,
  );
  observed(
    `qv_${kind}_carried_total`,
    `bundles of ${what} handed over for regions by this node`,
    () => carrier()?.carried ?? 0,
  );
}
