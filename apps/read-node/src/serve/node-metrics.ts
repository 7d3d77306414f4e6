/** This node's numbers for Prometheus, read from the parts themselves when scraped. */
import { createMetrics, type Metrics } from '@quantivista/runtime';
import type { ReadCounts } from './fast-lane.ts';
import type { Status } from './status.ts';

export function createNodeMetrics(status: () => Status, counts: ReadCounts): Metrics {
  const metrics = createMetrics();
  const { observed } = metrics;
  observed('qv_node_ready', '1 once a whole state is applied', () => (status().ready ? 1 : 0));
  observed('qv_node_revision', 'revision applied', () => status().revision ?? 0);
  observed(
    'qv_node_age_seconds',
    'time since the state was known to be complete',
    () => status().age ?? Number.NaN,
  );
  observed('qv_node_keys', 'configurations held', () => status().keys);
  observed('qv_node_loads_total', 'times the state was loaded whole', () => status().follower?.loads ?? 0);
  observed('qv_node_watchers', 'open streams', () => status().watchers);
  observed(
    'qv_node_watchers_dropped_total',
    'streams closed for not reading',
    () => status().watchers_dropped,
  );
  observed(
    'qv_feeder_applied_total',
    'revisions brought to the region first',
    () => status().feeder?.applied ?? 0,
  );
  observed('qv_feeder_published_total', 'whole states published', () => status().feeder?.published ?? 0);
  observed('qv_reads_ok_total', 'fast reads answered 200', () => counts.ok);
  observed('qv_reads_not_modified_total', 'fast reads answered 304', () => counts.notModified);
  return metrics;
}
