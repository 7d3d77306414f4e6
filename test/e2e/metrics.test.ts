/** What an operator is shown and told, by a Prometheus that scrapes a network: dashboards have data, alerts their reasons. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DASHBOARDS } from '../../infra/dashboards/main.ts';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { documentedLabels } from '../harness/made-metrics.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import {
  type Alert,
  type Prometheus,
  type RuleState,
  startPrometheus,
  type Target,
} from '../harness/prometheus.ts';
import { namedIn } from '../harness/promql.ts';

/** What there is none of without an alert, a denial, a certificate or a webhook. */
const ABSENT = [
  'ALERTS',
  'qv_certificate_expiration_timestamp_seconds',
  'qv_denied_total',
  'qv_webhook_attempt_seconds_bucket',
  'qv_webhook_attempts_total',
  'qv_webhook_dead_letters',
  'qv_webhook_dead_letters_total',
  'qv_webhook_lag',
];

/** What the page and the dashboards leave to Grafana, for all regions and instances. */
const filledIn = (expr: string) =>
  expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(region|instance)/g, '.*');

const asked = DASHBOARDS.flatMap(({ name, rows, variables }) => [
  ...Object.entries(rows).flatMap(([row, panels]) =>
    panels.flatMap(({ title, queries }) =>
      Object.entries(queries).map(([legend, expr]) => ({
        what: [name, row, title, legend].join(': '),
        expr: filledIn(expr),
      })),
    ),
  ),
  ...Object.values(variables).map(series => ({ what: `${name}: ${series}`, expr: filledIn(series) })),
]);

let network: TestNetwork;
let prometheus: Prometheus;
let authority: Api;

beforeAll(async () => {
  network = await startTestNetwork({
    regionNames: ['eu-west'],
    runtime: ['bun', 'node'],
    // Nodes are asked for metrics with a token, as in the example.
    nodeEnv: { OPEN_ENDPOINTS: 'status', AGING_AFTER_MS: '2000', STALE_AFTER_MS: '4000' },
  });
  prometheus = await startPrometheus(network);
  authority = network.api(network.authority);
});
afterAll(async () => {
  await prometheus?.component.stop();
  await network?.stop();
});

/** Of those alerts the ones that are neither pending nor firing. */
async function missing(...names: string[]): Promise<string[]> {
  const alerts = await prometheus.alerts();
  return names.filter(name => !alerts.some(({ labels }) => labels.alertname === name));
}

test('all targets let it in, and all rules can be reckoned', async () => {
  const wanted = 1 + network.serving.length + 1;
  let targets: readonly Target[] = [];
  await until(
    async () => {
      targets = await prometheus.targets();
      return targets.length === wanted && targets.every(({ health }) => health === 'up');
    },
    { what: () => `all targets to be up: ${targets.map(({ lastError }) => lastError)}` },
  );
  let rules: readonly RuleState[] = [];
  await until(
    async () => {
      rules = await prometheus.rules();
      return rules.every(({ health }) => health !== 'unknown');
    },
    { what: 'all rules to be reckoned' },
  );
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
});

test('every series of a dashboard has data, but for what the network does not have', async () => {
  let without: typeof asked = [];
  let count = 0;
  const isAbsent = (expr: string) => namedIn(expr).metrics.some(name => ABSENT.includes(name));
  await until(
    async () => {
      // A rate needs two scrapes, and a change between them.
      expect((await authority.put('metrics', 'a', count++)).status).toBe(200);
      const answers = await Promise.all(asked.map(({ expr }) => prometheus.query(expr)));
      without = asked.filter((_, at) => answers[at]!.every(({ value: [, number] }) => number === 'NaN'));
      return without.every(({ expr }) => isAbsent(expr));
    },
    { what: () => JSON.stringify(without.filter(({ expr }) => !isAbsent(expr))), intervalMs: 200 },
  );
  expect([...new Set(without.flatMap(({ expr }) => namedIn(expr).metrics))].sort()).toEqual(ABSENT);
});

test('each metric has the labels that docs/operating.md says', async () => {
  const documented = documentedLabels();
  const wrong = (await prometheus.query('{__name__=~"qv_.+"}')).flatMap(({ metric }) => {
    const { __name__, job, instance, le, region, ...rest } = metric;
    const name = documented.has(__name__!) ? __name__! : __name__!.replace(/_(bucket|sum|count)$/, '');
    // That of a node is its target's.
    const own = [...Object.keys(rest), ...(region && job === 'quantivista-authority' ? ['region'] : [])];
    return own.sort().join() === [...(documented.get(name) ?? ['?'])].sort().join() ? [] : [{ name, own }];
  });
  expect(wrong).toEqual([]);
});

test('nobody is woken while all is well', async () => {
  let pages: readonly Alert[] = [];
  await until(
    async () => {
      pages = (await prometheus.alerts()).filter(({ labels }) => labels.severity === 'page');
      // This one waits for a minute of beats.
      return pages.every(({ labels, state }) => labels.alertname === 'NoHeartbeat' && state === 'pending');
    },
    { what: () => `no alert: ${JSON.stringify(pages)}` },
  );
});

test('a node that was killed is missed', async () => {
  await network.serving[1]!.kill();
  await until(async () => (await missing('NotScraped')).length === 0, { what: 'NotScraped' });
});

test('without Postgres requests fail', async () => {
  await network.postgres.kill();
  await until(
    async () => {
      await authority.put('metrics', 'a', 'not taken');
      return (await missing('RequestsFail')).length === 0;
    },
    { what: 'RequestsFail', intervalMs: 200 },
  );
  await network.postgres.start();
});

test('without etcd nobody leads and the state grows stale, until it is back', async () => {
  await network.etcd.kill();
  let lacking: string[] = [];
  const what = () => `${lacking}`;
  await until(
    async () => {
      await authority.put('metrics', 'a', 'not taken');
      lacking = await missing('NobodyLeads', 'RequestsFail', 'StateStale');
      return lacking.length === 0;
    },
    { what, intervalMs: 200 },
  );
  const told = (await prometheus.alerts()).flatMap(({ annotations }) => Object.values(annotations));
  expect(told.filter(text => /<no value>|<error/.test(text))).toEqual([]);

  await network.etcd.start();
  await until(async () => (await missing('NobodyLeads', 'StateStale')).length === 2, { what: 'their end' });
});
