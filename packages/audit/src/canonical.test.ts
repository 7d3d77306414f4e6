import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, canonicalNumber } from './canonical.ts';

describe('numbers', () => {
  test.each([
    ['0', '0'],
    ['-0.00', '0'],
    ['100', '1e2'],
    ['1E2', '1e2'],
    ['100.0', '1e2'],
    ['-12.50', '-125e-1'],
    ['0.1', '1e-1'],
    ['1e-1', '1e-1'],
    ['0.1000000000000000001', '1000000000000000001e-19'],
    ['1.5e+300', '15e299'],
  ])('%s → %s', (source, expected) => {
    expect(canonicalNumber(source)).toBe(expected);
  });

  test('of every double, as JavaScript and as Postgres write it, the value is kept', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
        const canonical = canonicalNumber(JSON.stringify(number));
        expect(Number(canonical)).toBe(number === 0 ? 0 : number);
        expect(canonicalNumber(canonical)).toBe(canonical);
      }),
    );
  });
});

/** Members in another order, and white space: as another writer of JSON might. */
function reformatted(value: unknown): string {
  if (Array.isArray(value)) return `[ ${value.map(reformatted).join(' ,\n')} ]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).reverse();
  return `{ ${members.map(([name, each]) => `${JSON.stringify(name)} : ${reformatted(each)}`).join(', ')} }`;
}

test('equal values have one text, however they are formatted; it stands for the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const canonical = canonicalJson(JSON.stringify(value));
      expect(canonicalJson(reformatted(value))).toBe(canonical);
      expect(canonicalJson(canonical)).toBe(canonical);
      expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test.each([
  ['1', '"1"'],
  ['null', '"null"'],
  ['[]', '{}'],
  ['[1,2]', '[2,1]'],
  ['["a","b"]', '["a,b"]'],
  ['{"a":"b"}', '["a","b"]'],
  ['{"a":1,"b":2}', '{"a":2,"b":1}'],
  ['0.1', '0.1000000000000000001'],
])('%s and %s differ', (one, other) => {
  expect(canonicalJson(one)).not.toBe(canonicalJson(other));
});

test('a member named __proto__ counts', () => {
  expect(canonicalJson('{"__proto__":1}')).toBe('{"__proto__":1e0}');
});
