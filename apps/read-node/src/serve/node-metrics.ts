/** This node's numbers for Prometheus, read from the parts themselves when scraped. */
import { AgeState } from '@quantivista/contracts';
import type { Metrics, RequestRates } from '@quantivista/runtime';
import type { NodeDenials } from './denials.ts';
import type { ReadCounts } from './fast-lane.ts';
import type { OfrepCounts } from './flags/ofrep/ofrep.ts';
import { isReady, type StatusOptions } from './status.ts';
import type { Admitter } from './watch/admit.ts';

export function registerNodeMetrics(
  { observed, observedBy }: Metrics,
  parts: StatusOptions,
  counts: ReadCounts,
  ofrepCounts: OfrepCounts,
  admitter: Pick<Admitter, 'refused'>,
  denials: NodeDenials,
  rates: RequestRates,
): void {
  const { replica, feeding, following, hub, parent, sync, secrets } = parts;
  observed('qv_node_ready', '1 once a whole state is applied', () => (isReady(parts) ? 1 : 0));
  observed('qv_node_revision', 'revision applied', () => replica.current?.snapshot.revision ?? 0);
  observed('qv_node_age_seconds', 'time since the state was known to be complete', () =>
    Number.isFinite(replica.age.ms()) ? Math.ceil(replica.age.ms()) / 1_000 : Number.NaN,
  );
  observed('qv_node_age_state', '0 fresh, 1 aging, 2 stale', () =>
    AgeState.options.indexOf(replica.age.state()),
  );
  observed(
    'qv_node_authority_clock_ahead_seconds',
    "how far the authority's clock is ahead of this node's",
    () => replica.age.aheadMs / 1_000,
  );
  observed('qv_node_keys', 'configurations held', () => replica.current?.snapshot.size ?? 0);
  observed('qv_node_loads_total', 'times the state was loaded whole', () => following?.follower.loads ?? 0);
  observed(
    'qv_node_drift_total',
    'times the state was found to differ from the store',
    () => following?.drift.found ?? 0,
  );
  observed(
    'qv_node_region_drift_total',
    "times the region's Redis was found to differ from this node",
    () => following?.regionCheck.found ?? 0,
  );
  observedBy('qv_node_watchers', 'open streams', 'transport', () => Object.entries(hub.watchersBy));
  observed('qv_node_watchers_lagging', 'streams whose clients read too slowly', () => hub.lagging);
  observed('qv_node_watchers_buffered_bytes', 'bytes that wait for clients', () => hub.bufferedBytes);
  observed(
    'qv_node_watchers_conflated_total',
    'times that a stream was told of several changes as one',
    () => hub.conflated,
  );
  observed('qv_node_watchers_dropped_total', 'streams closed for not reading', () => hub.dropped);
  observed('qv_node_watchers_refused_total', 'streams refused for want of room', () => admitter.refused);
  observed('qv_node_sync_streams', "streams to flagd's clients", () => sync.streams.open);
  observed('qv_node_sync_pending_bytes', 'bytes on their way to them', () => sync.streams.pendingBytes);
  observed('qv_node_sync_dropped_total', 'of those, broken off for not reading', () => sync.streams.dropped);
  observed('qv_node_sync_refused_total', 'of those, refused for want of room', () => sync.refused);
  observed('qv_node_secrets_opened', 'secrets held opened', () => secrets?.opened ?? 0);
  observed('qv_node_secrets_pending', 'secrets that could not be opened yet', () => secrets?.pending ?? 0);
  if (secrets)
    observed('qv_node_secret_store_ready', '1 while the store of secrets answers', () =>
      Number(secrets.status().state === 'ready'),
    );
  observed('qv_node_watchers_revoked_total', 'streams ended for want of rights', () => hub.revoked);
  observedBy('qv_node_denied_total', 'requests denied', 'kind', () => [
    ['unauthenticated', denials.unauthenticated],
    ['forbidden', denials.forbidden],
  ]);
  observedBy('qv_node_rate_limited_total', 'requests refused since too many came', 'of', () => [
    ['callers', rates.callers.refused],
    ['strangers', rates.strangers.refused],
  ]);
  observed('qv_node_children', 'streams to nodes fed from this one', () => parent.children);
  observed(
    'qv_feeder_applied_total',
    'revisions brought to the region first',
    () => feeding?.feeder.applied ?? 0,
  );
  observed('qv_feeder_published_total', 'whole states published', () => feeding?.feeder.published ?? 0);
  observed(
    'qv_feeder_repaired_keys_total',
    'keys in Redis that were wrong and put right',
    () => feeding?.repair.repairedKeys ?? 0,
  );
  observedBy('qv_ofrep_requests_total', 'OFREP requests by their outcome', 'outcome', () =>
    Object.entries(ofrepCounts),
  );
  observed('qv_reads_ok_total', 'fast reads answered 200', () => counts.ok);
  observed('qv_reads_not_modified_total', 'fast reads answered 304', () => counts.notModified);
}
