/** Read nodes one by one: what they hold, whom they serve, where they get it from, what they need. */
import type { Dashboard } from './dashboard.ts';
import { AGE_STATES, GOOD_IF_ONE, graph, quantiles, rate, stat } from './panel.ts';
import { runtimePanels } from './runtime-panels.ts';

const OF = '{region=~"$region",instance=~"$instance"}';
const now = (metric: string) => metric + OF;
const each = (metric: string, ...labels: string[]) => rate(metric + OF, ['instance', ...labels].join(', '));
const grown = (metric: string) => `increase(${metric}${OF}[1h])`;

export const readNode: Dashboard = {
  name: 'read-node',
  title: 'read nodes',
  description: 'Nodes in detail. /status of a node says in words what its feeder and follower are at.',
  variables: { region: 'qv_node_ready', instance: 'qv_node_ready{region=~"$region"}' },
  rows: {
    State: [
      stat(
        'Ready',
        '1 once a whole state is held.',
        'short',
        { '{{instance}}': now('qv_node_ready') },
        GOOD_IF_ONE,
      ),
      stat('State', 'By the age.', 'short', { '{{instance}}': now('qv_node_age_state') }, AGE_STATES),
      stat('Keys', 'Configurations held.', 'short', { '{{instance}}': now('qv_node_keys') }),
      stat('Secrets', 'Held opened, in memory alone.', 'short', {
        '{{instance}}': now('qv_node_secrets_opened'),
      }),
      stat(
        'Store of secrets',
        '1 while it answers. Absent where there is none.',
        'short',
        { '{{instance}}': now('qv_node_secret_store_ready') },
        GOOD_IF_ONE,
      ),
      stat('Children', 'Streams to nodes that are fed from this one.', 'short', {
        '{{instance}}': now('qv_node_children'),
      }),
      graph('Age', 'Since the state was known to be complete. None before the first heartbeat.', 's', {
        '{{instance}}': now('qv_node_age_seconds'),
      }),
      graph('Revision', 'Applied. All nodes that hold the same environments go up together.', 'short', {
        '{{instance}}': now('qv_node_revision'),
      }),
      graph('Clock of the authority ahead', 'It can only be seen where the authority is ahead.', 's', {
        '{{instance}}': now('qv_node_authority_clock_ahead_seconds'),
      }),
      graph(
        'From commit to each hop',
        'To the feeder, to Redis, to the node, to clients that acknowledge. The first hop that is slow is the one to look at.',
        's',
        quantiles(`qv_propagation_seconds${OF}`, ['hop']),
      ),
      graph(
        'Loads and drift',
        'In the last hour: states loaded whole, and differences found and healed.',
        'short',
        {
          '{{instance}} loads': grown('qv_node_loads_total'),
          '{{instance}} drift': grown('qv_node_drift_total'),
          '{{instance}} drift of Redis': grown('qv_node_region_drift_total'),
        },
      ),
      graph('Secrets not opened yet', 'They are withheld until the store of secrets answers.', 'short', {
        '{{instance}}': now('qv_node_secrets_pending'),
      }),
    ],
    Feeder: [
      graph('Applied', 'Revisions that this feeder brought to its region before any other did.', 'ops', {
        '{{instance}}': each('qv_feeder_applied_total'),
      }),
      graph('Published', 'Whole states put into Redis in the last hour: after a loss, or a start.', 'short', {
        '{{instance}}': grown('qv_feeder_published_total'),
      }),
      graph('Repaired', 'Keys in Redis that were wrong, and put right, in the last hour.', 'short', {
        '{{instance}}': grown('qv_feeder_repaired_keys_total'),
      }),
    ],
    Requests: [
      graph('Plain reads', 'Answered with a state, or with: not modified.', 'ops', {
        '{{instance}} 200': each('qv_reads_ok_total'),
        '{{instance}} 304': each('qv_reads_not_modified_total'),
      }),
      graph('OFREP', 'Requests for flags, by what came of them.', 'ops', {
        '{{instance}} {{outcome}}': each('qv_ofrep_requests_total', 'outcome'),
      }),
      graph('Refused', 'Denied for want of rights, or since too many came.', 'ops', {
        '{{instance}} denied: {{kind}}': each('qv_node_denied_total', 'kind'),
        '{{instance}} 429: {{of}}': each('qv_node_rate_limited_total', 'of'),
      }),
    ],
    Streams: [
      graph('Open', "Watchers, by how they are connected, and flagd's clients.", 'short', {
        '{{instance}} {{transport}}': now('qv_node_watchers'),
        '{{instance}} flagd': now('qv_node_sync_streams'),
      }),
      graph(
        'Waiting for clients',
        'Bytes that clients have not read yet. Bounded, whatever they do.',
        'bytes',
        {
          '{{instance}} watchers': now('qv_node_watchers_buffered_bytes'),
          '{{instance}} flagd': now('qv_node_sync_pending_bytes'),
        },
      ),
      graph('Lagging', 'Streams whose clients read too slowly.', 'short', {
        '{{instance}}': now('qv_node_watchers_lagging'),
      }),
      graph('Conflated', 'Times that a slow stream was told of several changes as one.', 'ops', {
        '{{instance}}': each('qv_node_watchers_conflated_total'),
      }),
      graph('Ended by the node', 'For not reading, or for want of rights.', 'ops', {
        '{{instance}} not reading': each('qv_node_watchers_dropped_total'),
        '{{instance}} rights': each('qv_node_watchers_revoked_total'),
        '{{instance}} flagd, not reading': each('qv_node_sync_dropped_total'),
      }),
      graph('Refused', 'For want of room, or since the node is ending.', 'ops', {
        '{{instance}} watchers': each('qv_node_watchers_refused_total'),
        '{{instance}} flagd': each('qv_node_sync_refused_total'),
      }),
    ],
    'What is counted for the authority': [
      graph('Evaluations', 'Counted, and taken by Redis. They are told a window later.', 'ops', {
        '{{instance}} counted': each('qv_impressions_counted_total'),
        '{{instance}} handed over': each('qv_impressions_handed_over_total'),
      }),
      graph('Evaluations not counted in full', 'Without their name, of flags not held, or given up.', 'ops', {
        '{{instance}} without name': each('qv_impressions_other_total'),
        '{{instance}} unknown': each('qv_impressions_unknown_total'),
        '{{instance}} given up': each('qv_impressions_dropped_total'),
      }),
      graph('Denials and uses of tokens', 'Taken by Redis, or given up since it was away.', 'ops', {
        '{{instance}} handed over': each('qv_access_log_handed_over_total'),
        '{{instance}} given up': each('qv_access_log_dropped_total'),
      }),
      graph('Bundles to etcd', 'Handed over for regions by this node.', 'ops', {
        '{{instance}} evaluations': each('qv_impressions_carried_total'),
        '{{instance}} access': each('qv_access_log_carried_total'),
      }),
    ],
    Process: runtimePanels('job="quantivista-node",region=~"$region",instance=~"$instance"'),
  },
};
