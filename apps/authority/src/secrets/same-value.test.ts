import { type Json, jsonEqual } from '@quantivista/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sameValue } from './same-value.ts';

test('it is the equality of JSON, whatever the order of members', () => {
  expect(sameValue({ a: 1, b: [null] }, { b: [null], a: 1 })).toBe(true);
  const value = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(sameValue(a, structuredClone(a))).toBe(true);
      expect(sameValue(a, b)).toBe(jsonEqual(a, b));
    }),
  );
});
