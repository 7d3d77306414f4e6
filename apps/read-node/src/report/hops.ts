/** How long after its commit a change comes to each hop of its way. */
import type { Metrics } from '@quantivista/runtime';

/** At the feeder, in the region's Redis, in this node's memory, and at a client, which says so. */
export type Hop = 'feeder' | 'redis' | 'node' | 'ack';

export interface Hops {
  passed(hop: Hop, afterMs: number): void;
}

const BUCKETS = [0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createHops(metrics: Metrics): Hops {
  const seconds = metrics.histogram(
    'qv_propagation_seconds',
    'from the commit of a change to each hop, by the clocks of both sides',
    BUCKETS,
    ['hop'],
  );
  return { passed: (hop, afterMs) => seconds.observe({ hop }, afterMs / 1_000) };
}
