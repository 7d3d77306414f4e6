import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Held, type KeyOperation, unexplained } from './linearizable.ts';

const NEVER = Number.POSITIVE_INFINITY;
const read = (sentAt: number, answeredAt: number, saw: Held): KeyOperation => ({
  kind: 'read',
  saw,
  sentAt,
  answeredAt,
});
const write = (sentAt: number, answeredAt: number, to: string): KeyOperation => ({
  kind: 'write',
  to,
  answer: answeredAt === NEVER ? 'unknown' : 'done',
  sentAt,
  answeredAt,
});
const swap = (
  [sentAt, answeredAt]: [number, number],
  from: Held,
  to: string,
  answer: 'done' | 'refused' | 'unknown',
): KeyOperation => ({ kind: 'swap', from, to, answer, sentAt, answeredAt });

type Case = [name: string, values: string[], operations: KeyOperation[]];

test.each<Case>([
  ['nothing', [], []],
  ['one after another', ['a', 'b'], [write(0, 1, 'a'), read(2, 3, 'a'), write(4, 5, 'b'), read(6, 7, 'b')]],
  ['a read beside a write', ['a'], [write(0, 9, 'a'), read(1, 2, undefined), read(3, 4, 'a')]],
  ['writes beside each other', ['b', 'a'], [write(0, 9, 'a'), write(1, 8, 'b'), read(10, 11, 'a')]],
  ['a lost write that happened', ['a'], [write(0, NEVER, 'a'), read(1, 2, 'a')]],
  ['one that happened late', ['a'], [write(0, NEVER, 'a'), read(1, 2, undefined), read(3, 4, 'a')]],
  ['a lost write that did not', [], [write(0, NEVER, 'a'), read(1, 2, undefined)]],
  [
    'one of two swaps',
    ['a', 'b'],
    [write(0, 1, 'a'), swap([2, 9], 'a', 'b', 'done'), swap([2, 9], 'a', 'c', 'refused')],
  ],
  [
    'refused for what another had just done',
    ['a', 'b'],
    [write(0, 1, 'a'), swap([2, 3], 'a', 'c', 'refused'), swap([2, NEVER], 'a', 'b', 'unknown')],
  ],
])('explained: %s', (_, values, operations) => {
  expect(unexplained(operations, values)).toEqual([]);
});

describe('not explained', () => {
  test.each<Case>([
    [
      'a lost update: both swaps done',
      ['a', 'b', 'c'],
      [write(0, 1, 'a'), swap([2, 9], 'a', 'b', 'done'), swap([3, 8], 'a', 'c', 'done')],
    ],
    ['an acknowledged write that did not happen', ['a'], [write(0, 1, 'a'), write(2, 3, 'b')]],
    ['a stale read', ['a', 'b'], [write(0, 1, 'a'), write(2, 3, 'b'), read(4, 9, 'a')]],
    ['a value no one wrote', ['a'], []],
    ['a value never held', [], [read(0, 1, 'a')]],
    ['going back', ['a'], [write(0, 9, 'a'), read(1, 2, 'a'), read(3, 4, undefined)]],
    [
      'reads that disagree on the order',
      ['a', 'b'],
      [write(0, 99, 'a'), write(0, 99, 'b'), read(1, 2, 'b'), read(3, 4, 'a')],
    ],
    ['refused for no reason', ['a'], [write(0, 1, 'a'), swap([2, 3], 'a', 'b', 'refused')]],
    ['refused, and stored', ['a', 'b'], [write(0, 1, 'a'), swap([2, 3], 'c', 'b', 'refused')]],
    ['stored in another order', ['b', 'a'], [write(0, 1, 'a'), write(2, 3, 'b')]],
    ['stored twice', ['a', 'b', 'a'], [write(0, NEVER, 'a'), write(3, 4, 'b')]],
    ['before it was sent', ['a'], [read(0, 1, 'a'), write(2, 3, 'a')]],
  ])('%s', (_, values, operations) => {
    expect(unexplained(operations, values)).not.toEqual([]);
  });
});

test('whatever a key with one value at a time has answered, some of it lost, is explained', () => {
  const operation = fc.record({
    kind: fc.constantFrom('read' as const, 'write' as const, 'swap' as const),
    /** When it takes effect, and how long before and after it is under way. */
    at: fc.integer({ min: 0, max: 200 }),
    before: fc.integer({ min: 0, max: 30 }),
    after: fc.integer({ min: 0, max: 30 }),
    lost: fc.boolean(),
    right: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), made => {
      let held: Held;
      const values: string[] = [];
      const put = (value: string) => {
        held = value;
        values.push(value);
      };
      const seen = made
        .map((each, id) => ({ ...each, id }))
        .toSorted((a, b) => a.at - b.at || a.id - b.id)
        .map(({ kind, at, before, after, lost, right, id }, order): KeyOperation => {
          // Distinct moments: what takes effect first was not sent after the other was answered.
          const moment = at + order / 1_000;
          const [sentAt, answeredAt] = [moment - before, lost && kind !== 'read' ? NEVER : moment + after];
          const to = `v${id}`;
          if (kind === 'read') return { kind, saw: held, sentAt, answeredAt };
          if (kind === 'write') {
            put(to);
            return { kind, to, answer: lost ? 'unknown' : 'done', sentAt, answeredAt };
          }
          const from = right ? held : 'never';
          const done = from === held;
          if (done) put(to);
          return { kind, from, to, answer: lost ? 'unknown' : done ? 'done' : 'refused', sentAt, answeredAt };
        });
      expect(unexplained(seen, values)).toEqual([]);
    }),
  );
});
