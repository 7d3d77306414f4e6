import type { Json } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSize } from './size.ts';
import { checkValue } from './validate.ts';

const nested = (levels: number): Json => (levels === 0 ? 1 : [nested(levels - 1)]);

describe('values', () => {
  test.each<[string, Json]>([
    ['null', null],
    ['a backslash before u0000', '\\u0000'],
    ['a surrogate pair', '😀'],
    ['the largest number', Number.MAX_VALUE],
    ['a hundred levels', nested(100)],
    ['a key named __proto__', JSON.parse('{"__proto__": {"x": 1}}')],
    ['exactly 1 MB', 'a'.repeat(999_998)],
  ])('%s is taken', (_, value) => {
    checkValue(value, 'body.new_value');
  });

  test.each<[string, Json, string]>([
    ['a NUL', ['a\u0000'], 'invalid_request'],
    ['a NUL after a backslash', '\\\u0000', 'invalid_request'],
    ['a NUL in a key', { 'a\u0000': 1 }, 'invalid_request'],
    ['half of a pair', { deep: ['\ud800'] }, 'invalid_request'],
    ['the other half', '\udfff', 'invalid_request'],
    ['a number that is infinite', JSON.parse('{"deep": [-1e400]}'), 'invalid_request'],
    ['a hundred and one levels', nested(101), 'invalid_request'],
    ['far too many levels', JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)), 'invalid_request'],
    ['over 1 MB', 'a'.repeat(999_999), 'too_large'],
    ['over 1 MB in bytes', '€'.repeat(400_000), 'too_large'],
  ])('%s is not', (_, value, code) => {
    expect(() => checkValue(value, 'body.new_value')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining('body.new_value: ') }),
    );
  });

  test('exactly the strings that Postgres takes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\\', 'u', '0', 'd8', '\u0000', '\ud800', '\udc00', 'a') }),
        text => {
          const fine = text.isWellFormed() && !text.includes('\u0000');
          if (fine) checkValue({ [text]: text }, 'body');
          else expect(() => checkValue(text, 'body')).toThrow(/NUL/);
        },
      ),
    );
  });
});

test('what does not fit into one transaction, or one intent, is refused', () => {
  const put = (length: number) => ({ op: 'put', key: 'k', value: 'a'.repeat(length) }) as const;
  const replaced = (length: number) => [{ old_value: 'a'.repeat(length) }] as never;
  checkSize([put(700_000), put(700_000)], []);
  const tooLarge = expect.objectContaining({ code: 'too_large' });
  expect(() => checkSize([put(800_000), put(800_000)], [])).toThrow(tooLarge);
  checkSize([], replaced(15_000_000));
  expect(() => checkSize([], replaced(16_000_000))).toThrow(tooLarge);
});
