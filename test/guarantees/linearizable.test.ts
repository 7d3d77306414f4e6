import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain, type Held, type KeyOperation } from './linearizable.ts';

const read = (sentAt: number, answeredAt: number, saw: Held): KeyOperation => ({
  kind: 'read',
  saw,
  sentAt,
  answeredAt,
});
const write = (sentAt: number, answeredAt: number, to: Held): KeyOperation => ({
  kind: 'write',
  to,
  answer: answeredAt === Number.POSITIVE_INFINITY ? 'unknown' : 'done',
  sentAt,
  answeredAt,
});
const swap = (
  [sentAt, answeredAt]: [number, number],
  from: Held,
  to: Held,
  answer: 'done' | 'refused' | 'unknown',
): KeyOperation => ({ kind: 'swap', from, to, answer, sentAt, answeredAt });
const NEVER = Number.POSITIVE_INFINITY;

describe('explained', () => {
  test.each<[string, KeyOperation[]]>([
    ['nothing', []],
    ['one after another', [write(0, 1, 'a'), read(2, 3, 'a'), write(4, 5, undefined), read(6, 7, undefined)]],
    ['a read beside a write sees either', [write(0, 9, 'a'), read(1, 2, undefined), read(3, 4, 'a')]],
    ['a lost write that happened', [write(0, NEVER, 'a'), read(1, 2, 'a')]],
    ['a lost write that did not', [write(0, NEVER, 'a'), read(1, 2, undefined)]],
    ['a lost write that happened late', [write(0, NEVER, 'a'), read(1, 2, undefined), read(3, 4, 'a')]],
    [
      'one of two swaps',
      [
        write(0, 1, 'a'),
        swap([2, 9], 'a', 'b', 'done'),
        swap([2, 9], 'a', 'c', 'refused'),
        read(10, 11, 'b'),
      ],
    ],
  ])('%s', (_, operations) => {
    expect(explain(operations).linearizable).toBe(true);
  });
});

describe('not explained', () => {
  test.each<[string, KeyOperation[]]>([
    [
      'a lost update: both swaps done',
      [write(0, 1, 'a'), swap([2, 9], 'a', 'b', 'done'), swap([3, 8], 'a', 'c', 'done')],
    ],
    ['an acknowledged write that did not happen', [write(0, 1, 'a'), write(2, 3, 'b'), read(4, 5, 'a')]],
    ['a stale read', [write(0, 1, 'a'), write(2, 3, 'b'), read(4, 9, 'b'), read(10, 11, 'a')]],
    ['a value no one wrote', [read(0, 1, 'a')]],
    ['going back', [write(0, 9, 'a'), read(1, 2, 'a'), read(3, 4, undefined)]],
    ['refused for no reason', [write(0, 1, 'a'), swap([2, 3], 'a', 'b', 'refused')]],
    [
      'a lost write that happened twice',
      [write(0, NEVER, 'a'), read(1, 2, 'a'), write(3, 4, 'b'), read(5, 6, 'a')],
    ],
  ])('%s', (_, operations) => {
    const { linearizable, explained } = explain(operations);
    expect(linearizable).toBe(false);
    expect(explained).toBeLessThan(operations.length);
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
    fc.property(fc.array(operation, { maxLength: 40 }), made => {
      let held: Held;
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
            held = to;
            return { kind, to, answer: lost ? 'unknown' : 'done', sentAt, answeredAt };
          }
          const from = right ? held : 'never';
          const done = from === held;
          if (done) held = to;
          return { kind, from, to, answer: lost ? 'unknown' : done ? 'done' : 'refused', sentAt, answeredAt };
        });
      expect(explain(seen).linearizable).toBe(true);
    }),
  );
});
