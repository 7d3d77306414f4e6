import type { ClientWord, NodeReport } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { audience, GENERATION, node, region } from '../../test/reports.ts';
import { describeRefusals, refusalsOf, refusingNow, topicsOf } from './refusals.ts';

const TOPICS = topicsOf([{ environment: 'PRODUCTION', service: 'risk' }]);
const of = { generation: GENERATION, revision: 10 };
const NOBODY = new Map<string, number>();
const told = (
  words: Record<string, ClientWord | null>,
  more: Partial<NodeReport> = {},
  topic = 'PRODUCTION/risk',
) => [region('eu', [node('a', { [topic]: audience(words) }, more)])];
const named = (reports: ReturnType<typeof told>, except = NOBODY) =>
  refusalsOf(reports, TOPICS, of, except).map(({ instance }) => instance);

test.each<[string, ClientWord | null, boolean]>([
  ['refused it', { refused: 10 }, true],
  ['refused it, and had used one before', { acked: 9, refused: 10 }, true],
  ['refused a later one, and has used none since', { acked: 9, refused: 12 }, true],
  ['used it', { acked: 10 }, false],
  ['refused one before, and used it', { acked: 10, refused: 9 }, false],
  ['refused it, and has used a later one', { acked: 11, refused: 10 }, false],
  ['refused one before, and has not spoken of it', { acked: 8, refused: 9 }, false],
  ['has said nothing', null, false],
])('a client that %s', (_, word, refuses) => {
  expect(named(told({ c: word }))).toEqual(refuses ? ['c'] : []);
});

test('those who watch the whole environment are asked too, others are not', () => {
  const refusal = { c: { refused: 10 } };
  expect(named(told(refusal, {}, 'PRODUCTION/*'))).toEqual(['c']);
  expect(named(told(refusal, {}, 'PRODUCTION/pricing'))).toEqual([]);
  expect(named(told(refusal, {}, 'TEST/risk'))).toEqual([]);
  expect(named(told(refusal, { generation: '22222222-2222-4222-8222-222222222222' }))).toEqual([]);
});

test('who could not use the state before has no say', () => {
  const before = told({ broken: { acked: 3, refused: 7 }, good: { acked: 9, refused: 2 }, silent: null });
  expect(refusingNow(before, TOPICS)).toEqual(new Map([['broken', 7]]));
  const after = told({ broken: { acked: 3, refused: 10 }, good: { acked: 9, refused: 10 } });
  expect(named(after, new Map([['broken', 7]]))).toEqual(['good']);
  // It has used one in between: that it could not was known of it too late.
  const mended = told({ broken: { acked: 8, refused: 10 } });
  expect(named(mended, new Map([['broken', 7]]))).toEqual(['broken']);
});

test('one that the report does not name is counted by its receipt', () => {
  const receipt = (refused: number) => ({
    receipts: [{ revision: 10, applied_after_ms: 1, acked: 0, refused, reasons: ['no use'] }],
  });
  const nobodyNamed = refusalsOf(told({}, receipt(1)), TOPICS, of, NOBODY);
  expect(nobodyNamed).toEqual([{ instance: undefined, region: 'eu', reason: 'no use' }]);
  // Those who are named are among those who are counted.
  expect(named(told({ c: { refused: 10 } }, receipt(1)))).toEqual(['c']);
  expect(named(told({ c: { refused: 10 } }, receipt(1)), new Map([['c', 7]]))).toEqual([]);
  expect(named(told({ c: { refused: 10 } }, receipt(2)), new Map([['c', 7]]))).toEqual([undefined]);
});

test('in words: who, where and why, some of them by name, and not without end', () => {
  const refusals = Array.from({ length: 7 }, (_, n) => ({
    instance: `c${n}`,
    region: 'eu',
    reason: undefined,
  }));
  expect(describeRefusals([{ instance: 'risk-1', region: 'eu', reason: 'limit: too high' }])).toBe(
    'refused by risk-1 in eu: limit: too high',
  );
  expect(describeRefusals([{ instance: undefined, region: 'us', reason: undefined }])).toBe(
    'refused by a client in us',
  );
  expect(describeRefusals(refusals)).toBe(
    'refused by c0 in eu, c1 in eu, c2 in eu, c3 in eu, c4 in eu, and 2 more',
  );
  const long = describeRefusals([{ instance: 'c', region: 'eu', reason: '😀'.repeat(1_000) }]);
  expect(long.length).toBeLessThanOrEqual(1_000);
  expect(long.isWellFormed()).toBe(true);
});
