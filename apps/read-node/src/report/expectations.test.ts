import { expect, test } from 'vitest';
import { createExpectations } from './expectations.ts';

test('what is expected is met by the revision itself and by later ones', () => {
  const expected = createExpectations();
  expect([expected.reachedBy(100), expected.patienceMs()]).toEqual([false, Number.POSITIVE_INFINITY]);
  for (const revision of [10, 20, 30]) expected.add(revision);
  expect([null, 9, 10, 25].map(revision => expected.reachedBy(revision))).toEqual([false, false, true, true]);
  expected.met(25);
  expect([expected.reachedBy(25), expected.reachedBy(30)]).toEqual([false, true]);
  expected.met(30);
  expect(expected.patienceMs()).toBe(Number.POSITIVE_INFINITY);
});

test('what is long in coming is looked for more and more seldom, and given up in the end', () => {
  let now = 0;
  const expected = createExpectations(() => now);
  expected.add(1);
  const patience = [0, 100, 1_000, 10_000, 59_999, 60_000].map(at => {
    now = at;
    return expected.patienceMs();
  });
  expect(patience).toEqual([2, 5, 50, 100, 100, Number.POSITIVE_INFINITY]);
  now = 60_001;
  expected.add(2);
  expect(expected.patienceMs()).toBe(2);
});
