import { joinInstances, type NodeReport, type RegionReport, splitInstances } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import { assemble, fit, substance } from './region-report.ts';

const EU = { region: 'eu', reporter: 'a' };
const GENERATION = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';

const node = (id: string, of: Partial<NodeReport> = {}): NodeReport => ({
  node_id: id,
  runtime: 'node 26',
  generation: GENERATION,
  revision: 10,
  state: 'FRESH',
  watchers: 0,
  audiences: {},
  receipts: [],
  ...of,
});
const audience = (count: number) => ({
  instance_ids: Array.from({ length: count }, (_, index) => `instance-${index}`),
  watchers: count,
  unnamed: 0,
});
const receipts = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    revision: index,
    applied_after_ms: 1,
    acked: 0,
    refused: 0,
  }));
const bytes = (report: RegionReport) => Buffer.byteLength(JSON.stringify(report));

describe('what every node has', () => {
  test.each<[string, NodeReport[], string | null, number | null]>([
    ['the revision of the one furthest behind', [node('a', { revision: 12 }), node('b')], GENERATION, 10],
    ['nothing, while one has nothing yet', [node('a'), node('b', { revision: null })], null, null],
    ['nothing, while they differ in generation', [node('a'), node('b', { generation: OTHER })], null, null],
    ['nothing, where there is none', [], null, null],
  ])('is %s', (_, nodes, generation, revision) => {
    expect(assemble(EU, nodes)).toMatchObject({ generation, revision });
  });
});

test('a beat is no news, a change is', () => {
  const before = assemble(EU, [node('a')]);
  expect(substance(assemble(EU, [node('a', { revision: 11 })]))).toBe(substance(before));
  expect(substance(assemble(EU, [node('a', { receipts: receipts(1) })]))).not.toBe(substance(before));
  expect(substance(assemble(EU, [node('a', { state: 'STALE' })]))).not.toBe(substance(before));
});

test('topics of receipts are told once for all nodes', () => {
  const about = (revision: number, topics?: string[]) => ({
    ...receipts(1)[0]!,
    revision,
    ...(topics && { topics }),
  });
  const nodes = [
    node('a', { receipts: [about(1, ['TEST/risk']), about(2, ['TEST/*'])] }),
    // Of another version.
    node('b', { receipts: [about(2), about(3)] }),
  ];
  const report = assemble(EU, nodes);
  expect(report.topics).toEqual({ 1: ['TEST/risk'], 2: ['TEST/*'] });
  expect(JSON.stringify(report.nodes)).not.toContain('TEST');
  expect(report.nodes[1]!.receipts).toEqual(nodes[1]!.receipts);
});

test('a node that names fewer instances than it has makes the report incomplete', () => {
  const cut = { ...audience(3), truncated: true };
  expect(assemble(EU, [node('a', { audiences: { 'TEST/risk': cut } })]).truncated).toBe(true);
  expect(assemble(EU, [node('a', { audiences: { 'TEST/risk': audience(3) } })]).truncated).toBe(false);
});

describe('a report that is too large', () => {
  test('is left alone where it is not', () => {
    const report = assemble(EU, [node('a', { audiences: { 'TEST/risk': audience(100) } })]);
    expect(fit(report, bytes(report))).toBe(report);
  });

  test('loses the reasons of single instances first', () => {
    const refusals = audience(100).instance_ids.map(() => ({ refused: 7, reason: 'x'.repeat(200) }));
    const audiences = { 'TEST/risk': { ...audience(100), words: refusals } };
    const report = fit(assemble(EU, [node('a', { audiences })]), 10_000);
    expect(bytes(report)).toBeLessThanOrEqual(10_000);
    const { instance_ids, words } = report.nodes[0]!.audiences['TEST/risk']!;
    expect([report.truncated, instance_ids.length]).toEqual([false, 100]);
    expect(words).toEqual(refusals.map(({ refused }) => ({ refused })));
  });

  test('keeps the words of the names that it keeps', () => {
    const words = audience(1_000).instance_ids.map((_, index) => (index % 2 ? { acked: index } : null));
    const withReason = words.map(word => word && { ...word, reason: 'too low' });
    const audiences = { 'TEST/risk': { ...audience(1_000), words: withReason } };
    const { audiences: cut } = fit(assemble(EU, [node('a', { audiences })]), 20_000).nodes[0]!;
    const kept = cut['TEST/risk']!.instance_ids.length;
    expect(kept).toBeLessThan(1_000);
    expect(cut['TEST/risk']!.words).toEqual(words.slice(0, kept));
  });

  test('loses names of the longest lists; small ones and all counts stay', () => {
    const audiences = { 'TEST/large': audience(5_000), 'TEST/small': audience(3) };
    const report = fit(assemble(EU, [node('a', { audiences, receipts: receipts(64) })]), 40_000);
    expect(bytes(report)).toBeLessThanOrEqual(40_000);
    const { 'TEST/large': large, 'TEST/small': small } = report.nodes[0]!.audiences;
    expect([report.truncated, large!.watchers, small!.instance_ids.length]).toEqual([true, 5_000, 3]);
    expect(large!.instance_ids.length).toBeGreaterThan(1_000);
    expect(report.nodes[0]!.receipts).toHaveLength(64);
  });

  test('loses old receipts where names are not enough, and audiences where those are not', () => {
    const told = receipts(64).map(each => ({ ...each, topics: ['TEST/risk'] }));
    const many = Array.from({ length: 50 }, (_, index) => node(`node-${index}`, { receipts: told }));
    const fewer = fit(assemble(EU, many), 60_000);
    expect(bytes(fewer)).toBeLessThanOrEqual(60_000);
    expect(fewer.nodes[0]!.receipts.map(({ revision }) => revision)).toEqual([
      56, 57, 58, 59, 60, 61, 62, 63,
    ]);
    expect(Object.keys(fewer.topics!)).toEqual(['56', '57', '58', '59', '60', '61', '62', '63']);
    const topics = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`TEST/service-${index}`, audience(0)]),
    );
    const bare = fit(assemble(EU, [node('a', { audiences: topics, watchers: 7 })]), 60_000);
    expect([bare.nodes[0]!.audiences, bare.nodes[0]!.watchers, bare.truncated]).toEqual([{}, 7, true]);
  });
});

test('the parts of a report make the whole again', () => {
  const words = [{ acked: 7 }, null, { refused: 8, reason: 'too low' }];
  const risk = { ...audience(3), words };
  const audiences = {
    'TEST/risk': risk,
    'TEST/silent': audience(2),
    'TEST/unnamed': { ...audience(0), watchers: 2, unnamed: 2 },
  };
  const report = assemble(EU, [node('a', { audiences }), node('b')]);
  const { head, instances } = splitInstances(report);
  for (const part of ['instance-0', 'too low']) expect(JSON.stringify(head)).not.toContain(part);
  expect(instances.a!['TEST/risk']).toEqual([
    ['instance-0', { acked: 7 }],
    'instance-1',
    ['instance-2', { refused: 8, reason: 'too low' }],
  ]);
  expect(joinInstances(head, instances)).toEqual(report);
  expect(joinInstances(head, {})).toEqual(head);
});
