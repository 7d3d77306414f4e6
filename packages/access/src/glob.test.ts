import fc from 'fast-check';
import { expect, test } from 'vitest';
import { naiveGlob } from '../test/naive-model.ts';
import { compileGlob } from './glob.ts';

const names = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), minLength: 1, maxLength: 8 });

test('matches what a naive reading of the pattern matches', () => {
  fc.assert(
    fc.property(patterns, names, (pattern, name) => {
      expect(compileGlob(pattern).matches(name)).toBe(naiveGlob(pattern, name));
    }),
    { numRuns: 2_000 },
  );
});

test('matches all that begin alike where it matches each of them', () => {
  fc.assert(
    fc.property(patterns, names, fc.array(names), (pattern, prefix, ends) => {
      const glob = compileGlob(pattern);
      if (glob.matchesAllFrom(prefix)) {
        for (const end of ends) expect(glob.matches(prefix + end)).toBe(true);
      } else {
        // `c` stands in no pattern, so that only a star takes it in.
        expect(glob.matches(prefix) && glob.matches(`${prefix}c`)).toBe(false);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('no pattern is slow', () => {
  const glob = compileGlob(`${'a*'.repeat(99)}b`);
  const startedAt = performance.now();
  for (let count = 0; count < 1_000; count++) expect(glob.matches('a'.repeat(200))).toBe(false);
  // Generous: it takes a few milliseconds, and a backtracking matcher would not end.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
