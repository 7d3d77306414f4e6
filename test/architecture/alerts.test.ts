/** Alerts and dashboards ask for what the code makes, and are those that docs/operating.md names. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dashboardJson } from '../../infra/dashboards/dashboard.ts';
import { DASHBOARDS, fileOf } from '../../infra/dashboards/main.ts';
import { requireProgram } from '../../infra/stack/programs.ts';
import {
  all,
  documentedLabels,
  histogramsMade,
  METRIC_FOLDERS,
  madeIn,
  operatingPage,
} from '../harness/made-metrics.ts';
import { namedIn } from '../harness/promql.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const RULES = 'infra/alerts/quantivista.rules.yaml';
const TESTS = 'infra/alerts/quantivista.tests.yaml';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}
interface RuleTest {
  readonly name: string;
  readonly promql_expr_test: readonly { readonly expr: string; readonly exp_samples: readonly unknown[] }[];
}
const yamlIn = (path: string) => parse(readFileSync(join(ROOT, path), 'utf8'));
const rules = (yamlIn(RULES).groups as { rules: Rule[] }[]).flatMap(group => group.rules);

const panels = DASHBOARDS.flatMap(({ name, rows }) =>
  Object.entries(rows).flatMap(([row, inRow]) =>
    inRow.map(panel => ({ where: `${name}: ${row}: ${panel.title}`, ...panel })),
  ),
);
const expressions: [string, string][] = [
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...panels.flatMap(({ where, queries }) =>
    Object.values(queries).map((expr): [string, string] => [where, expr]),
  ),
];

/** Of Prometheus itself, of prom-client and of etcd: that they are there test/e2e/metrics.test.ts sees. */
const OTHERS = [
  'up',
  'ALERTS',
  'etcd_mvcc_db_total_size_in_bytes',
  'etcd_server_quota_backend_bytes',
  'nodejs_eventloop_lag_p99_seconds',
  'process_cpu_seconds_total',
  'process_max_fds',
  'process_open_fds',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
];
/** Put to each series where it is scraped; those of ALERTS are the rules'. */
const OF_TARGETS = ['job', 'instance', 'region'];
const OF_ALERTS = ['alertname', 'alertstate', 'severity'];

/** Labels by the names of series. */
const histograms = histogramsMade();
const series = new Map<string, readonly string[]>(OTHERS.map(name => [name, OF_TARGETS]));
series.set('ALERTS', [...OF_TARGETS, ...OF_ALERTS]);
for (const [name, labels] of documentedLabels()) {
  const its = [...OF_TARGETS, ...labels];
  if (!histograms.includes(name)) series.set(name, its);
  else for (const end of ['_bucket', '_sum', '_count']) series.set(name + end, [...its, 'le']);
}

describe('expressions', () => {
  test('name metrics that the code makes, and no others', () => {
    expect(histograms.length).toBeGreaterThan(2);
    const unknown = expressions.flatMap(([where, expr]) =>
      namedIn(expr)
        .metrics.filter(name => !series.has(name))
        .map(name => `${where}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  test('ask for labels that the metrics have', () => {
    const unknown = expressions.flatMap(([where, expr]) =>
      namedIn(expr)
        .labels.filter(([label, metrics]) => !metrics.some(name => series.get(name)?.includes(label)))
        .map(([label]) => `${where}: ${label}`),
    );
    expect(unknown).toEqual([]);
  });

  test('every metric of the code is on a dashboard', () => {
    const shown = new Set(
      panels.flatMap(({ queries }) => Object.values(queries).flatMap(expr => namedIn(expr).metrics)),
    );
    const isShown = (name: string) => ['', '_bucket', '_count'].some(end => shown.has(name + end));
    expect(METRIC_FOLDERS.flatMap(madeIn).filter(name => !isShown(name))).toEqual([]);
  });
});

describe('alerts', () => {
  const section = operatingPage.split('\n### Alerts\n')[1]!.split(/\n#{2,3} /)[0]!;

  test('are those of docs/operating.md, as severe', () => {
    const onPage = [...section.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(match => match.slice(1, 3));
    expect(onPage).toEqual(rules.map(({ alert, labels }) => [alert, labels.severity]));
    expect(rules.filter(({ labels }) => !['page', 'ticket'].includes(labels.severity))).toEqual([]);
  });

  test.each(rules)(
    '$alert says what it is and what to do, and where that is told at length',
    ({ annotations }) => {
      expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook']);
      const [, page, anchor] = /^(docs\/[a-z-]+\.md)#([a-z0-9_-]+)$/.exec(annotations.runbook!)!;
      expect(existsSync(join(ROOT, page!))).toBe(true);
      const anchors = all(/^#+ (.+)$/gm, readFileSync(join(ROOT, page!), 'utf8')).map(heading =>
        heading
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
          .replaceAll(' ', '-'),
      );
      expect(anchors).toContain(anchor);
    },
  );

  test('each has a test where it keeps quiet and one where it fires', () => {
    const tests = yamlIn(TESTS).tests as RuleTest[];
    const seen = tests.flatMap(({ name, promql_expr_test }) =>
      promql_expr_test
        .filter(({ expr }) => expr.includes(`alertname="${name}"`))
        .map(({ exp_samples }) => `${name} ${exp_samples.length > 0 ? 'fires' : 'keeps quiet'}`),
    );
    const wanted = rules.flatMap(({ alert }) => [`${alert} keeps quiet`, `${alert} fires`]);
    expect([...new Set(seen)].sort()).toEqual(wanted.sort());
  });

  test.each([
    ['check', RULES],
    ['test', TESTS],
  ])('promtool %s rules %s', { timeout: 60_000 }, (what, file) => {
    const { status, stdout, stderr } = spawnSync(requireProgram('promtool'), [what, 'rules', file], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(stderr + (status === 0 ? '' : stdout)).toBe('');
    expect(status).toBe(0);
  });
});

describe('dashboards', () => {
  test.each(DASHBOARDS)('$name.json is what its source says: `pnpm dashboards` writes it', dashboard => {
    expect(readFileSync(fileOf(dashboard.name), 'utf8')).toBe(dashboardJson(dashboard));
  });

  test('each panel has a title of its own in its row, and says what it shows', () => {
    const where = panels.map(panel => panel.where);
    expect(where.filter((each, at) => where.indexOf(each) !== at)).toEqual([]);
    expect(panels.filter(({ description }) => !/^[A-Z0-9].*\S\.?$/.test(description))).toEqual([]);
  });
});
