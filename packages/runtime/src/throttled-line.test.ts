import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { throttledLine } from './throttled-line.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('one line an interval, with how many there were besides', () => {
  const lines: object[] = [];
  const line = throttledLine(fields => lines.push(fields), 1_000);
  for (const count of [1, 2, 3]) line({ count });
  expect(lines).toEqual([{ count: 1, not_logged: 0 }]);
  vi.advanceTimersByTime(1_000);
  line({ count: 4 });
  line({ count: 5 });
  expect(lines.slice(1)).toEqual([{ count: 4, not_logged: 2 }]);
});
