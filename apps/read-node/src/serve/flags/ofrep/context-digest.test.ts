import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contextDigest } from './context-digest.ts';

const maps = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));

/** The same with the members of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, reversed(member)]);
  return Object.fromEntries(members.reverse());
}

test('equal contexts have equal digests, in whatever order their members stand', () => {
  fc.assert(
    fc.property(maps, context => {
      expect(contextDigest(reversed(context) as object)).toBe(contextDigest(context));
    }),
  );
});

test('another context has another digest', () => {
  const contexts = [
    {},
    { a: 1 },
    { a: '1' },
    { a: true },
    { a: null },
    { a: {} },
    { a: [] },
    { a: [1, 2] },
    { a: [2, 1] },
    { a: { 0: 1, 1: 2 } },
    { a: { b: 1 } },
    { a: 1, b: 1 },
    { a: 1, b: 2 },
    { a: 2, b: 1 },
    { b: { a: 1 } },
    { 'a.b': 1 },
    { a: 'é' },
    { a: 'x'.repeat(1_023) },
    { a: 'x'.repeat(1_024) },
    { a: `${'x'.repeat(1_024)}y` },
    { a: `${'x'.repeat(1_024)}z` },
    { a: { b: { c: 1 } } },
    { a: { c: { b: 1 } } },
  ];
  expect(new Set(contexts.map(contextDigest)).size).toBe(contexts.length);
  const keys = Array.from({ length: 20_000 }, (_, n) => contextDigest({ targetingKey: `user-${n}` }));
  // Of so many texts of 32 bits, none or one is expected to meet another.
  expect(new Set(keys).size).toBeGreaterThan(keys.length - 5);
});

test('no nesting exhausts the stack', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = { deep };
  expect(contextDigest({ deep })).toBe(contextDigest({ deep }));
});
