import type { ServiceError } from '@quantivista/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBodies } from './bodies.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = () => createBodies({ maxBytes: 100, budgetBytes: 250, timeoutMs: 1_000 });
const faultOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    return (error as ServiceError).code;
  }
};
const nobody = () => {};

test('all that are on their way have so much room, and each takes what it says, or the most', () => {
  const bodies = start();
  const first = bodies.begin('100', nobody);
  const second = bodies.begin(null, nobody);
  expect(faultOf(() => bodies.begin('51', nobody))).toBe('overloaded');
  bodies.begin('50', nobody);
  first();
  first();
  expect(faultOf(() => bodies.begin('101', nobody))).toBe('none');
  expect(faultOf(() => bodies.begin('1', nobody))).toBe('overloaded');
  second();
  expect(faultOf(() => bodies.begin(null, nobody))).toBe('none');
});

test('what is far too large is not begun', () => {
  expect(faultOf(() => start().begin('801', nobody))).toBe('too_large');
  expect(faultOf(() => start().begin('800', nobody))).toBe('none');
});

test('each has its time, and gives its room back once it ends', () => {
  const bodies = start();
  const late: string[] = [];
  const ends = ['a', 'b'].map(name => {
    const end = bodies.begin('100', () => late.push(name));
    vi.advanceTimersByTime(400);
    return end;
  });
  bodies.begin('1', () => late.push('c'))();
  vi.advanceTimersByTime(199);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(late).toEqual(['a']);
  expect(faultOf(() => bodies.begin('100', nobody))).toBe('overloaded');
  ends[0]!();
  vi.advanceTimersByTime(2_000);
  expect(late).toEqual(['a', 'b']);
  ends[1]!();
  const again = vi.fn();
  bodies.begin('100', again);
  vi.advanceTimersByTime(1_001);
  expect(again).toHaveBeenCalledOnce();
});
