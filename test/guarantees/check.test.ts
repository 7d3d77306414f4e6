/** The checks are checked: they accept what is right, and name the guarantee of each fault planted in it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { correctHistory, historyPlan } from './correct-history.ts';
import { PLANTED_FAULTS } from './planted-faults.ts';

test('a correct history has no violation', () => {
  fc.assert(
    fc.property(historyPlan, plan => {
      expect(check(correctHistory(plan))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

describe('a planted fault is named', () => {
  test.each(PLANTED_FAULTS)('$name: $breaks', ({ breaks, mayBreak = [], plant }) => {
    fc.assert(
      fc.property(historyPlan, fc.nat(10_000), (plan, choice) => {
        const planted = plant(correctHistory(plan), choice);
        fc.pre(planted !== undefined);
        const named = new Set(check(planted).map(violation => violation.guarantee));
        expect(named).toContain(breaks);
        expect([breaks, ...mayBreak]).toEqual(expect.arrayContaining([...named]));
      }),
    );
  });
});
