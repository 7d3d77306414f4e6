/** One kind of what this node counts, on its way out: to its region, and from there to the centre. */
import type { Bundle, Tally } from '@quantivista/region';
import type { Log, Metrics } from '@quantivista/runtime';
import { type Carrier, createCarrier } from './carrier.ts';
import { type Counts, createHandOver, type HandOver } from './hand-over.ts';
import type { TallySink } from './sink.ts';
import { registerTallyMetrics } from './tally-metrics.ts';

export interface NodeTallyOptions<B extends Bundle> {
  readonly kind: string;
  readonly what: string;
  readonly nodeId: string;
  /** Absent where nothing of it is counted here. */
  readonly counts: Counts | undefined;
  readonly region: Tally<B>;
  readonly windowMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface NodeTally<B extends Bundle> {
  readonly handOver: HandOver | undefined;
  /** Begin to carry what the region has: once. */
  carryTo(sink: TallySink<B>): Carrier;
}

export function createNodeTally<B extends Bundle>(options: NodeTallyOptions<B>): NodeTally<B> {
  const { counts, metrics, ...rest } = options;
  const handOver = counts && createHandOver({ counts, ...rest });
  let carrier: Carrier | undefined;
  registerTallyMetrics(metrics, { ...rest, handOver, carrier: () => carrier });
  return {
    handOver,
    carryTo: sink => {
      carrier = createCarrier({ sink, ...rest });
      return carrier;
    },
  };
}
