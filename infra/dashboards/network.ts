/** The network as who is on call looks at it: is it fresh, is it served, can it be changed, is it on record. */
import type { Dashboard } from './dashboard.ts';
import { AGE_STATES, GOOD_IF_NONE, GOOD_IF_ONE, graph, quantiles, rate, stat, table } from './panel.ts';

const IN = '{region=~"$region"}';
const per = (metric: string) => rate(metric + IN, 'region');

export const network: Dashboard = {
  name: 'network',
  title: 'the network',
  description: 'For who is on call. What each alert asks for: docs/operating.md.',
  variables: { region: 'qv_node_ready', instance: 'qv_node_ready{region=~"$region"}' },
  rows: {
    Now: [
      stat(
        'Not scraped',
        'Authorities and nodes that give no metrics: nothing below is of them.',
        'short',
        { '': 'count(up{job=~"quantivista-.+"} == 0) or vector(0)' },
        GOOD_IF_NONE,
      ),
      stat('Leading', 'Authorities that lead: one.', 'short', { '': 'sum(qv_leading)' }, GOOD_IF_ONE),
      stat(
        'Heartbeats',
        'One a second, however many authorities there are. Without them ages grow.',
        'ops',
        { '': 'max(rate(qv_heartbeat_sequence[$__rate_interval]))' },
        { from: { 0: 'red', 0.5: 'green' } },
      ),
      stat('Regions', 'Regions that report, as the authority has it.', 'short', { '': 'max(qv_regions)' }),
      stat(
        'Oldest state',
        'Of the nodes chosen, the state of the one whose state is oldest.',
        'short',
        { '': `max(qv_node_age_state{region=~"$region",instance=~"$instance"})` },
        AGE_STATES,
      ),
      stat(
        'Nodes not ready',
        'They have never had a whole state, or they are ending.',
        'short',
        { '': `count(qv_node_ready${IN} == 0) or vector(0)` },
        GOOD_IF_NONE,
      ),
      table('Firing', 'Alerts that fire. docs/operating.md#alerts says what to do.', 'short', {
        firing: 'ALERTS{alertstate="firing",severity=~"page|ticket"}',
      }),
      table(
        'Nodes',
        'Each node as it says of itself. One alone that is behind is its link; all of a region, its feeders or Redis.',
        'short',
        Object.fromEntries(
          Object.entries({
            ready: 'qv_node_ready',
            'state (2 is stale)': 'qv_node_age_state',
            'age (s)': 'qv_node_age_seconds',
            revision: 'qv_node_revision',
            keys: 'qv_node_keys',
          }).map(([heading, metric]) => [
            heading,
            `max by (region, instance) (${metric}{region=~"$region",instance=~"$instance"})`,
          ]),
        ),
      ),
    ],
    Freshness: [
      graph(
        'Age',
        'Of each region, the oldest of its nodes: since when its state is known to be whole.',
        's',
        {
          '{{region}}': `max by (region) (qv_node_age_seconds${IN})`,
        },
      ),
      graph('Behind', 'Changes that another region has applied and this one has not.', 'short', {
        '{{region}}': `max by (region) (qv_region_behind${IN})`,
      }),
      graph(
        'State, as reported',
        'What the authority knows of a region: of its oldest node, or of its report.',
        'short',
        { '{{region}}': `max by (region) (qv_region_state${IN})` },
        AGE_STATES,
      ),
      graph(
        'From commit to node',
        'How long a change takes to be served in a region. By the clocks of both sides.',
        's',
        quantiles(`qv_propagation_seconds{hop="node",region=~"$region"}`, ['region']),
      ),
      graph('Clock of the authority ahead', 'Of the node that is the furthest behind it.', 's', {
        '{{region}}': `max by (region) (qv_node_authority_clock_ahead_seconds${IN})`,
      }),
      graph('Feeders', 'Revisions that the feeders of a region were the first to bring to it.', 'ops', {
        '{{region}}': per('qv_feeder_applied_total'),
      }),
    ],
    'Reads and streams': [
      graph('Plain reads', 'Answered with a state, or with: not modified.', 'ops', {
        '{{region}} 200': per('qv_reads_ok_total'),
        '{{region}} 304': per('qv_reads_not_modified_total'),
      }),
      graph('OFREP', 'Requests for flags, by what came of them.', 'ops', {
        '{{outcome}}': rate(`qv_ofrep_requests_total${IN}`, 'outcome'),
      }),
      graph(
        'Refused requests',
        'Denied for want of rights, or since too many came: docs/operating.md#429s.',
        'ops',
        {
          'denied: {{kind}}': rate(`qv_node_denied_total${IN}`, 'kind'),
          '429: {{of}}': rate(`qv_node_rate_limited_total${IN}`, 'of'),
        },
      ),
      graph('Open streams', "Watchers, by how they are connected, and flagd's clients.", 'short', {
        '{{region}} {{transport}}': `sum by (region, transport) (qv_node_watchers${IN})`,
        '{{region}} flagd': `sum by (region) (qv_node_sync_streams${IN})`,
      }),
      graph(
        'Slow clients',
        'Streams whose clients read too slowly, and those closed for not reading.',
        'short',
        {
          '{{region}} lagging': `sum by (region) (qv_node_watchers_lagging${IN})`,
          '{{region}} dropped in 5 min': `sum by (region) (increase(qv_node_watchers_dropped_total${IN}[5m]))`,
        },
      ),
      graph('Refused streams', 'For want of room: more nodes, or MAX_WATCHERS.', 'ops', {
        '{{region}} watchers': per('qv_node_watchers_refused_total'),
        '{{region}} flagd': per('qv_node_sync_refused_total'),
      }),
    ],
    'Writes, trail, delivery': [
      graph('Writes', 'By their outcome: committed, or the code of the refusal.', 'ops', {
        '{{outcome}}': rate('qv_writes_total', 'outcome'),
      }),
      graph('Time of a write', 'From a request to its acknowledgement.', 's', quantiles('qv_write_seconds')),
      graph(
        'Trail',
        'Up to which revision it is sealed, and compared with etcd. Both grow where writes are made.',
        'short',
        {
          sealed: 'max(qv_audit_sealed_revision)',
          compared: 'max(qv_audit_reconciled_revision)',
        },
      ),
      graph('Events not delivered yet', 'By webhook: qvc webhook status says why.', 'short', {
        '{{webhook}}': 'max by (webhook) (qv_webhook_lag)',
        '{{webhook}} given up': 'max by (webhook) (qv_webhook_dead_letters)',
      }),
      graph(
        'Should be none',
        'In the last hour. Findings and broken chains are to be taken for a break-in; drift is healed when it is seen.',
        'short',
        {
          'findings: {{kind}}': 'sum by (kind) (increase(qv_audit_findings_total[1h]))',
          'broken chains': 'max(qv_audit_chains_broken)',
          'drift of nodes': `sum(increase(qv_node_drift_total${IN}[1h]))`,
          "drift of regions' Redis": `sum(increase(qv_node_region_drift_total${IN}[1h]))`,
          'differences at an authority': 'sum(increase(qv_authority_list_differences_total[1h]))',
          'protected, without approvals': 'sum(increase(qv_break_glass_total[1h]))',
        },
      ),
      graph('File of etcd', 'Of its quota. At 1 all writes are refused.', 'percentunit', {
        '{{instance}}': 'etcd_mvcc_db_total_size_in_bytes / etcd_server_quota_backend_bytes',
      }),
    ],
  },
};
