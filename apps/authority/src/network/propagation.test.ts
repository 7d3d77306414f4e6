import type { NodeReport, Receipt } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import { GENERATION, node as nodeReport, region } from '../../test/reports.ts';
import { instancesOf } from './instances.ts';
import { progressOf, propagationOf } from './propagation.ts';
import { behindOthers, regionState, summarize } from './region-list.ts';

const OTHER = '22222222-2222-4222-8222-222222222222';
const of = { generation: GENERATION, revision: 10 };

const receipt = (revision: number, more: Partial<Receipt> = {}): Receipt => ({
  revision,
  applied_after_ms: 1,
  acked: 0,
  refused: 0,
  ...more,
});
const node = (id: string, more: Partial<NodeReport> = {}) =>
  nodeReport(id, {}, { receipts: [receipt(10)], ...more });

describe('how far a revision has come', () => {
  test('a region has it when all of its nodes have, and took as long as the slowest', () => {
    const slow = node('b', { receipts: [receipt(10, { applied_after_ms: 9 })] });
    const reports = [
      region('eu', [node('a'), slow]),
      region('us', [node('c'), node('d', { revision: 9, receipts: [] })], { revision: 9 }),
      region('ap', [node('e', { revision: 12, receipts: [receipt(12)] })], { revision: 12 }),
      region('idle', [], { generation: null, revision: null }),
    ];
    expect(progressOf(reports, of)).toEqual([
      { region: 'eu', pending: false, ms: 9 },
      { region: 'us', pending: true },
      { region: 'ap', pending: false, ms: undefined },
    ]);
    const all = propagationOf(reports, of);
    expect(all).toMatchObject({ ...of, applied: false, behind: ['us'] });
    expect(all.totals).toMatchObject({ regions: 3, regions_applied: 2, nodes: 5, nodes_applied: 4 });
    expect(all.regions[1]!.nodes.map(({ applied, applied_after_ms }) => [applied, applied_after_ms])).toEqual(
      [
        [true, 1],
        [false, null],
      ],
    );
  });

  test('a higher revision of another generation is not it', () => {
    const elsewhere = { generation: OTHER, revision: 99 };
    const reports = [region('eu', [node('a', { ...elsewhere, receipts: [receipt(10)] })], elsewhere)];
    expect(progressOf(reports, of)).toEqual([{ region: 'eu', pending: true }]);
    expect(propagationOf(reports, of).regions[0]!.nodes[0]).toMatchObject({
      applied: false,
      applied_after_ms: null,
    });
  });

  test('what clients said is summed up, and the reasons stay with their node', () => {
    const [a, b] = [
      node('a', { receipts: [receipt(10, { acked: 3, refused: 1, reasons: ['too low'] })] }),
      node('b', { receipts: [receipt(10, { acked: 2 })] }),
    ];
    const { totals, regions } = propagationOf([region('eu', [a, b])], of);
    expect(totals).toMatchObject({ acked: 5, refused: 1 });
    expect(regions[0]!.nodes[0]!.reasons).toEqual(['too low']);
  });

  test('without regions nobody is behind', () => {
    expect(propagationOf([], of)).toMatchObject({ applied: true, behind: [], totals: { regions: 0 } });
  });
});

describe('regions beside each other', () => {
  test('the state is that of the oldest node, or of a report that is missed', () => {
    const report = region('eu', [node('a'), node('b', { state: 'AGING' })]);
    expect([1_000, 31_000, 90_000].map(now => regionState(report, now))).toEqual(['AGING', 'AGING', 'STALE']);
    expect(regionState(region('eu', [node('a')]), 2_000)).toBe('FRESH');
    expect(summarize(region('eu', [node('a', { watchers: 2 })]), 2_000)).toMatchObject({
      reported_at: '1970-01-01T00:00:01.000Z',
      watchers: 2,
      nodes: [{ node_id: 'a', watchers: 2 }],
    });
  });

  test('a region is behind by the changes that others have', () => {
    const ahead = node('a', { revision: 30, receipts: [10, 20, 30].map(revision => receipt(revision)) });
    const reports = [region('eu', [ahead], { revision: 30 }), region('us', [node('b')])];
    expect([...behindOthers(reports)]).toEqual([
      ['eu', 0],
      ['us', 2],
    ]);
  });
});

test('a change of a service reaches those who watch it, or all of its environment', () => {
  const audience = (instance_ids: string[], unnamed = 0) => ({
    instance_ids,
    watchers: instance_ids.length + unnamed,
    unnamed,
  });
  const audiences = {
    'TEST/risk': audience(['r2', 'r1'], 1),
    'TEST/*': audience(['ops']),
    'TEST/pricing': audience(['p']),
    'PRODUCTION/risk': audience(['prod']),
  };
  const said = { ...audiences, 'TEST/*': { ...audience(['ops']), words: [{ acked: 7 }] } };
  const reports = [region('eu', [node('a', { audiences: said })], { truncated: true })];
  const list = instancesOf(reports, 'TEST', 'risk');
  expect(list).toMatchObject({ watchers: 4, unnamed: 1, truncated: true });
  const each = list.instances.map(({ instance_id, service_name, acked_revision }) => [
    instance_id,
    service_name,
    acked_revision,
  ]);
  expect(each).toEqual([
    ['ops', '*', 7],
    ['r1', 'risk', null],
    ['r2', 'risk', null],
  ]);
});
