import type { ClientWord, NodeReport, RegionReport } from '@quantivista/contracts';

import { describe, expect, test } from 'vitest';
import { audience, GENERATION, node, region as regionReport } from '../../test/reports.ts';
import { clientsPageOf, type Position, parseCursor } from './propagation-clients.ts';

const OTHER = '22222222-2222-4222-8222-222222222222';
const of = { generation: GENERATION, revision: 10 };
const ALL = { limit: 500 };

/** `topics`: whose configuration revision 10 changed. */
const region = (name: string, nodes: NodeReport[], topics?: string[]) =>
  regionReport(name, nodes, topics && { topics: { 10: topics } });
const names = (reports: RegionReport[]) =>
  clientsPageOf(reports, of, ALL).instances.map(({ instance_id }) => instance_id);

describe('the state of a client', () => {
  const stateOf = (word: ClientWord | null, more: Partial<NodeReport> = {}) => {
    const report = region('eu', [node('a', { 'TEST/risk': audience({ c: word }) }, more)], ['TEST/risk']);
    // Topics are told of this life by another region where this one is of another.
    const [client] = clientsPageOf([report, region('us', [node('b', {})], ['TEST/risk'])], of, ALL).instances;
    return client!.state;
  };
  test.each<[string, ClientWord | null]>([
    ['applied', { acked: 10 }],
    ['applied', { acked: 12, refused: 9 }],
    ['applied', { acked: 11, refused: 12 }],
    ['refused', { refused: 10 }],
    ['refused', { acked: 12, refused: 10 }],
    ['refused', { acked: 9, refused: 12 }],
    ['held', null],
    ['held', { acked: 9 }],
    ['held', { acked: 8, refused: 9 }],
  ])('is %s where it said %j', (state, word) => {
    expect(stateOf(word)).toBe(state);
  });
  test('is pending where its node is behind, or of another life of the store', () => {
    expect(stateOf({ acked: 9 }, { revision: 9 })).toBe('pending');
    expect(stateOf({ acked: 99 }, { generation: OTHER, revision: 99 })).toBe('pending');
  });
});

describe('those who are concerned', () => {
  const nodes = () => [
    node('a', {
      'TEST/risk': audience({ risk: null }),
      'TEST/pricing': audience({ pricing: null }),
      'TEST/*': audience({ ops: null }),
      'PRODUCTION/risk': audience({ other: null }),
      'PRODUCTION/*': audience({ others: null }),
    }),
  ];
  test('watch what was changed, or all of its environment', () => {
    expect(names([region('eu', nodes(), ['TEST/risk'])])).toEqual(['ops', 'risk']);
    expect(names([region('eu', nodes(), ['TEST/*'])])).toEqual(['ops', 'pricing', 'risk']);
    expect(names([region('eu', nodes(), [])])).toEqual([]);
  });
  test('are known by what all regions tell of the revision together', () => {
    const elsewhere = region('us', [node('b', {})], ['PRODUCTION/risk', 'TEST/risk']);
    const page = clientsPageOf([region('eu', nodes(), ['TEST/risk']), elsewhere], of, ALL);
    expect(page.topics).toEqual(['PRODUCTION/risk', 'TEST/risk']);
    expect(page.instances).toHaveLength(4);
  });
  test('are nobody where no region knows any more what was changed', () => {
    expect(clientsPageOf([region('eu', nodes())], of, ALL)).toEqual({
      topics: null,
      instances: [],
      truncated: false,
    });
    const otherLife = region('eu', [node('a', {}, { generation: OTHER })], ['TEST/risk']);
    expect(clientsPageOf([otherLife], of, ALL).topics).toBeNull();
  });
});

test('a client is told of with all that it said', () => {
  const words = { b: { acked: 9, refused: 10, reason: 'too low' }, a: { refused: 10 }, c: null };
  const { instances } = clientsPageOf(
    [region('eu', [node('n', { 'TEST/risk': audience(words) })], ['TEST/risk'])],
    of,
    ALL,
  );
  const where = { region: 'eu', node_id: 'n', environment: 'TEST', service_name: 'risk' };
  expect(instances).toEqual([
    { instance_id: 'a', ...where, state: 'refused', acked_revision: null, refused: { revision: 10 } },
    {
      instance_id: 'b',
      ...where,
      state: 'refused',
      acked_revision: 9,
      refused: { revision: 10, reason: 'too low' },
    },
    { instance_id: 'c', ...where, state: 'held', acked_revision: null },
  ]);
});

describe('pages', () => {
  const many = (from: number, to: number) =>
    audience(
      Object.fromEntries(
        Array.from({ length: to - from }, (_, index) => [
          `i${from + index}`,
          index % 3 ? null : { acked: 10 },
        ]),
      ),
    );
  const reports = [
    region('us', [node('d', { 'TEST/risk': many(0, 30) }), node('c', { 'TEST/*': many(0, 20) })]),
    region(
      'eu',
      [node('b', { 'TEST/risk': many(20, 40) }), node('a', { 'TEST/risk': many(0, 20) })],
      ['TEST/risk'],
    ),
  ];
  function pages(limit: number, more: object = {}): string[] {
    const seen: string[] = [];
    let after: Position | undefined;
    do {
      const page = clientsPageOf(reports, of, { limit, ...more }, after);
      expect(page.instances.length).toBeLessThanOrEqual(limit);
      for (const { region, node_id, instance_id } of page.instances)
        seen.push(`${region} ${node_id} ${instance_id}`);
      after = page.next_cursor === undefined ? undefined : parseCursor(page.next_cursor);
    } while (after);
    return seen;
  }
  test.each([1, 7, 30, 90, 500])('of %i make the whole, in order, nobody twice', limit => {
    const whole = pages(limit);
    expect(whole).toHaveLength(90);
    expect(whole).toEqual([...new Set(whole)].sort());
  });
  test('of what was asked for alone', () => {
    expect(pages(7, { region: 'eu' })).toHaveLength(40);
    expect(pages(7, { node_id: 'c' })).toHaveLength(20);
    expect(pages(7, { region: 'eu', state: 'applied' })).toHaveLength(14);
    expect(pages(7, { region: 'none' })).toEqual([]);
  });
  test('go on where they were when instances have come and gone', () => {
    const first = clientsPageOf(reports, of, { limit: 5, region: 'eu' });
    const others = [region('eu', [node('a', { 'TEST/risk': many(14, 20) })], ['TEST/risk'])];
    const after = parseCursor(first.next_cursor!)!;
    expect(first.instances.at(-1)!.instance_id).toBe('i12');
    expect(clientsPageOf(others, of, { limit: 1 }, after).instances[0]!.instance_id).toBe('i14');
  });
  test.each([
    '',
    'x',
    '[]',
    Buffer.from('["a"]').toString('base64url'),
    Buffer.from('[1,2,3,4]').toString('base64'),
  ])('do not begin at %j', text => {
    expect(parseCursor(text)).toBeUndefined();
  });
});

test('regions that name fewer than they have are told of, where they were asked for', () => {
  const reports = [
    region('eu', [node('a', {})], []),
    { ...region('us', [node('b', {})], []), truncated: true },
  ];
  expect(clientsPageOf(reports, of, ALL).truncated).toBe(true);
  expect(clientsPageOf(reports, of, { ...ALL, region: 'eu' }).truncated).toBe(false);
});
