import { expect, test } from 'vitest';
import { parseWait } from './prefer.ts';

test.each<[string, number | undefined | 'invalid']>([
  ['wait=0', 0],
  ['wait=60', 60],
  ['Wait = 7', 7],
  ['wait="12"', 12],
  ['wait=5; foo=bar', 5],
  ['respond-async, wait=10', 10],
  ['return=minimal,wait=3,wait=9', 3],
  ['note="a, wait=4", wait=8', 8],
  ['respond-async', undefined],
  ['waiting=5', undefined],
  ['', undefined],
  ['wait', 'invalid'],
  ['wait=', 'invalid'],
  ['wait=61', 'invalid'],
  ['wait=1.5', 'invalid'],
  ['wait=-1', 'invalid'],
  ['wait=soon', 'invalid'],
  ['wait=""', 'invalid'],
  ['wait=1 2', 'invalid'],
  ['wait="3', 'invalid'],
])('Prefer: %s', (text, expected) => {
  expect(parseWait(text)).toBe(expected);
});
