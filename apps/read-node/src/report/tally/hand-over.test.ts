import type { CountBatch } from '@quantivista/region';
import { silentLog } from '@quantivista/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHandOver } from './hand-over.ts';

const WINDOW_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 10 * WINDOW_MS + 5_000, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => void vi.useRealTimers());

/** A node that counts, and a Redis that answers or not. */
function start() {
  const told: { node: string; sequence: number; batch: CountBatch }[] = [];
  const state = { counted: [] as [string, number][], other: 0, away: false };
  const handOver = createHandOver({
    counts: {
      take: () => {
        const { counted: counts, other } = state;
        Object.assign(state, { counted: [], other: 0 });
        return { counts, other };
      },
    },
    region: {
      add: async (node, sequence, { at, counts, other }) => {
        told.push({ node, sequence, batch: { at, counts, other } });
        if (state.away) throw new Error('away');
      },
    },
    windowMs: WINDOW_MS,
    log: silentLog,
  });
  const stop = new AbortController();
  const ran = handOver.run(stop.signal);
  const end = async () => {
    stop.abort();
    await ran;
  };
  return { handOver, state, told, end };
}
const pairs = (length: number) => Array.from({ length }, (_, index): [string, number] => [`n${index}`, 1]);

test('a window is handed over after it has ended, and nothing where nothing was counted', async () => {
  const { handOver, state, told, end } = start();
  state.counted = [['a', 5]];
  await vi.advanceTimersByTimeAsync(50_000);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(12_000);
  expect(told.map(({ batch }) => batch)).toEqual([{ at: 10 * WINDOW_MS, counts: [['a', 5]], other: 0 }]);
  await vi.advanceTimersByTimeAsync(3 * WINDOW_MS);
  expect(told).toHaveLength(1);
  state.other = 3;
  await end();
  expect(told.at(-1)!.batch).toEqual({ at: 14 * WINDOW_MS, counts: [], other: 3 });
  expect([handOver.handedOver, handOver.dropped]).toEqual([8, 0]);
});

test('a large window goes in parts, and each keeps its number until it is taken', async () => {
  const { handOver, state, told, end } = start();
  state.counted = pairs(1_200);
  state.away = true;
  await vi.advanceTimersByTimeAsync(65_000);
  expect(told.length).toBeGreaterThan(2);
  expect(new Set(told.map(({ sequence }) => sequence))).toEqual(new Set([1]));
  state.away = false;
  told.length = 0;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(told.map(({ sequence, batch }) => [sequence, batch.counts.length])).toEqual([
    [1, 500],
    [2, 500],
    [3, 200],
  ]);
  expect(new Set(told.map(({ node }) => node)).size).toBe(1);
  expect(handOver.handedOver).toBe(1_200);
  await end();
});

test('what waits is bounded: the oldest is given up', async () => {
  const { handOver, state, end } = start();
  state.away = true;
  for (let window = 0; window < 11; window++) {
    state.counted = pairs(10_000);
    await vi.advanceTimersByTimeAsync(WINDOW_MS);
  }
  // Two hundred parts of ten windows wait.
  expect(handOver.dropped).toBe(10_000);
  state.away = false;
  await end();
  expect(handOver.handedOver).toBe(100_000);
});
