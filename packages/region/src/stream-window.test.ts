import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStreamWindow } from './stream-window.ts';

test('what is kept weighs no more than the limit, unless it is the newest alone, and could not go further back', () => {
  const bytes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 200 }), (weights, limit) => {
      const window = createStreamWindow(limit, 1_000);
      const weigh = (from: number, to: number) => weights.slice(from - 1, to).reduce((a, b) => a + b, 0);
      let oldest = 1;
      for (const [index, weight] of weights.entries()) {
        const revision = index + 1;
        oldest = window.add('g', revision, weight) ?? oldest;
        expect(oldest).toBeLessThanOrEqual(revision);
        if (oldest < revision) expect(weigh(oldest, revision)).toBeLessThanOrEqual(limit);
        if (oldest > 1) expect(weigh(oldest - 1, revision)).toBeGreaterThan(limit);
      }
    }),
  );
});

test('a revision that is put again counts once, and another generation begins anew', () => {
  const window = createStreamWindow(10, 1_000);
  expect(window.add('g', 1, 6)).toBeUndefined();
  expect(window.add('g', 1, 6)).toBeUndefined();
  expect(window.add('g', 2, 6)).toBe(2);
  expect(window.add('h', 1, 6)).toBeUndefined();
});

test('what is trimmed by its number is not counted any more', () => {
  const window = createStreamWindow(10, 2);
  for (let revision = 1; revision <= 100; revision++) expect(window.add('g', revision, 5)).toBeUndefined();
});
