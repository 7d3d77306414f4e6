/** The checks are checked: they accept what is right, and name the guarantee of each fault planted in it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { CONTENT_FAULTS } from './content-faults.ts';
import { correctHistory, historyPlan } from './correct-history.ts';
import { STREAM_FAULTS } from './stream-faults.ts';
import { WRITE_FAULTS } from './write-faults.ts';

test('a correct history has no violation', () => {
  fc.assert(
    fc.property(historyPlan, plan => {
      expect(check(correctHistory(plan))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

describe('a planted fault is named', () => {
  test.each([...STREAM_FAULTS, ...CONTENT_FAULTS, ...WRITE_FAULTS])(
    '$name: $breaks',
    ({ breaks, mayBreak = [], plant }) => {
      fc.assert(
        fc.property(historyPlan, fc.nat(10_000), (plan, choice) => {
          const planted = plant(correctHistory(plan), choice);
          fc.pre(planted !== undefined);
          const named = new Set(check(planted).map(violation => violation.guarantee));
          expect(named).toContain(breaks);
          expect([breaks, ...mayBreak]).toEqual(expect.arrayContaining([...named]));
        }),
      );
    },
  );
});
