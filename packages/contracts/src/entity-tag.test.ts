import { expect, test } from 'vitest';
import { noneMatch, someMatch } from './entity-tag.ts';

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

test.each([
  ['"a.1"', true],
  ['*', true],
  ['"a.0", "a.1"', true],
  ['W/"a.1"', false],
  ['', false],
])('If-Match %s against "a.1": %s', (header, expected) => {
  expect(someMatch(header, '"a.1"')).toBe(expected);
});
