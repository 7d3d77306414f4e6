import { expect, test } from 'vitest';
import { formatAge, noneMatch } from './answer.ts';

test.each([
  [null, true],
  ['"a.1"', false],
  ['*', false],
  ['W/"a.1"', false],
  ['"a.0", "a.1"', false],
  ['"a.0"', true],
  ['"a.10"', true],
  ['', true],
])('If-None-Match %s against "a.1": %s', (header, expected) => {
  expect(noneMatch(header, '"a.1"')).toBe(expected);
});

test('an age is rounded up, and unknown where no heartbeat was seen', () => {
  expect(formatAge(0.2)).toBe('0.001');
  expect(formatAge(1_234)).toBe('1.234');
  expect(formatAge(Number.POSITIVE_INFINITY)).toBe('unknown');
});
