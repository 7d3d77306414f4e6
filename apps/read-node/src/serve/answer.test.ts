import { expect, test } from 'vitest';
import { formatAge } from './answer.ts';

test('an age is rounded up, and unknown where no heartbeat was seen', () => {
  expect(formatAge(0.2)).toBe('0.001');
  expect(formatAge(1_234)).toBe('1.234');
  expect(formatAge(Number.POSITIVE_INFINITY)).toBe('unknown');
});
