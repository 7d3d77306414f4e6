/** Authorities one by one: what they were asked, what the leader does behind it, what they know of regions. */
import type { Dashboard } from './dashboard.ts';
import { AGE_STATES, GOOD_IF_NONE, GOOD_IF_ONE, graph, quantiles, rate, stat } from './panel.ts';
import { runtimePanels } from './runtime-panels.ts';

const OF = '{instance=~"$instance"}';
const now = (metric: string) => metric + OF;
const each = (metric: string, ...labels: string[]) => rate(metric + OF, ['instance', ...labels].join(', '));
const sum = (metric: string, ...labels: string[]) => rate(metric + OF, labels.join(', '));
const regional = (metric: string) => `max by (region) (${metric}{region=~"$region",instance=~"$instance"})`;

export const authority: Dashboard = {
  name: 'authority',
  title: 'the authority',
  description: 'Authorities in detail. What only the leader counts is 0 at the others.',
  variables: { region: 'qv_region_state', instance: 'qv_leading' },
  rows: {
    Now: [
      stat('Leads', '1 where it does what one of them does.', 'short', { '{{instance}}': now('qv_leading') }),
      stat(
        'Store of secrets',
        '1 while it answers. Absent where there is none.',
        'short',
        { '{{instance}}': now('qv_secret_store_ready') },
        GOOD_IF_ONE,
      ),
      stat(
        'Broken chains',
        'Chains of the trail that lack what etcd knows as their end.',
        'short',
        { '{{instance}}': now('qv_audit_chains_broken') },
        GOOD_IF_NONE,
      ),
      stat(
        'Findings in a day',
        'What etcd and the trail do not agree on: qvc audit findings.',
        'short',
        { '{{kind}}': `sum by (kind) (increase(qv_audit_findings_total${OF}[1d]))` },
        GOOD_IF_NONE,
      ),
      stat('Scheduled', 'Proposals that wait for their time.', 'short', {
        '': `max(qv_scheduled_proposals${OF})`,
      }),
      stat('On trial', 'Changes that are put back where a client refuses them.', 'short', {
        '': `max(qv_trials${OF})`,
      }),
      stat(
        'Glass broken in a day',
        'Writes of what is protected, without approvals.',
        'short',
        { '': `sum(increase(qv_break_glass_total${OF}[1d]))` },
        GOOD_IF_NONE,
      ),
    ],
    Writes: [
      graph('Outcomes', 'Committed, or the code of the refusal.', 'ops', {
        '{{outcome}}': sum('qv_writes_total', 'outcome'),
      }),
      graph('Failures', 'Requests answered with a status of 500 or above.', 'ops', {
        '{{code}}': sum('qv_failed_total', 'code'),
      }),
      graph(
        'Time',
        'From a request to its acknowledgement, of those committed.',
        's',
        quantiles(`qv_write_seconds${OF}`, ['instance']),
      ),
      graph('Trials ended', 'In the last hour: kept, put back, left to others, or stuck.', 'short', {
        '{{how}}': `sum by (how) (increase(qv_trials_ended_total${OF}[1h]))`,
      }),
      graph('Became proposals', 'Writes of what is protected.', 'ops', {
        '{{instance}}': each('qv_proposed_total'),
      }),
      graph(
        'Given an outcome afterwards',
        'Operations whose writer had died or lost touch, in the last hour.',
        'short',
        {
          '{{instance}}': `increase(qv_recovered_intents_total${OF}[1h])`,
        },
      ),
      graph(
        'Refused requests',
        'Denied for want of rights, or since too many came: docs/operating.md#429s.',
        'ops',
        {
          '{{instance}} denied: {{kind}}': each('qv_denied_total', 'kind'),
          '{{instance}} 429: {{of}}': each('qv_rate_limited_total', 'of'),
        },
      ),
    ],
    'The store': [
      graph('Heartbeats', 'That this authority knows: one a second.', 'ops', {
        '{{instance}}': `rate(qv_heartbeat_sequence${OF}[$__rate_interval])`,
      }),
      graph('Number of the heartbeat', 'It begins anew with each generation of the store.', 'short', {
        '{{instance}}': now('qv_heartbeat_sequence'),
      }),
      graph(
        'Differences of lists',
        'Times in the last hour that a fresh list differed from what the watch had made.',
        'short',
        {
          '{{instance}}': `increase(qv_authority_list_differences_total${OF}[1h])`,
        },
      ),
    ],
    Trail: [
      graph('Sealed', 'Rows of the trail.', 'ops', { '{{instance}}': each('qv_audit_sealed_total') }),
      graph(
        'Reached',
        'Up to which revision it is sealed, and compared with etcd. The leader goes up.',
        'short',
        {
          '{{instance}} sealed': now('qv_audit_sealed_revision'),
          '{{instance}} compared': now('qv_audit_reconciled_revision'),
        },
      ),
    ],
    'Events and webhooks': [
      graph('Events made', 'Of the trail.', 'ops', { '{{instance}}': each('qv_events_made_total') }),
      graph('Not told yet', 'Events, by webhook.', 'short', {
        '{{webhook}}': `max by (webhook) (qv_webhook_lag${OF})`,
      }),
      graph('Attempts', 'To deliver, by what came of them.', 'ops', {
        '{{webhook}} {{result}}': sum('qv_webhook_attempts_total', 'webhook', 'result'),
      }),
      graph(
        'Time of an attempt',
        'From sending an event to its answer.',
        's',
        quantiles(`qv_webhook_attempt_seconds${OF}`),
      ),
      graph('Dead letters', 'Those that are kept, and events given up in the last hour.', 'short', {
        '{{webhook}} kept': `max by (webhook) (qv_webhook_dead_letters${OF})`,
        '{{webhook}} given up': `sum by (webhook) (increase(qv_webhook_dead_letters_total${OF}[1h]))`,
      }),
    ],
    Regions: [
      graph('Live', 'Regions that report.', 'short', { '{{instance}}': now('qv_regions') }),
      graph('Behind', 'Changes that another region has applied and this one has not.', 'short', {
        '{{region}}': regional('qv_region_behind'),
      }),
      graph(
        'State',
        'Of its oldest node, or of its report.',
        'short',
        { '{{region}}': regional('qv_region_state') },
        AGE_STATES,
      ),
      graph('Evaluations taken in', 'Of flags, in all regions.', 'ops', {
        '{{instance}}': each('qv_impressions_taken_total'),
      }),
      graph('Bundles of evaluations', 'Taken in, had before, or not understood and thrown away.', 'ops', {
        taken: sum('qv_impressions_bundles_taken_total'),
        repeated: sum('qv_impressions_bundles_repeated_total'),
        refused: sum('qv_impressions_bundles_refused_total'),
      }),
      graph('Bundles of denials and uses of tokens', 'The same.', 'ops', {
        taken: sum('qv_access_log_bundles_taken_total'),
        repeated: sum('qv_access_log_bundles_repeated_total'),
        refused: sum('qv_access_log_bundles_refused_total'),
      }),
    ],
    Process: runtimePanels('job="quantivista-authority",instance=~"$instance"'),
  },
};
