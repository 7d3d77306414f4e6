/** What the log says of a stream of events whose Redis or database is away. */
import type { Audit } from '@quantivista/audit';
import { type Log, silentLog } from '@quantivista/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCentre } from './centre.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** One event that is to be added, and a Redis that is away. */
function start() {
  const state = { away: undefined as string | undefined, last: 1, held: 0 };
  const lines: string[] = [];
  const note = (_fields: object, message: string) => void lines.push(message);
  const log: Log = { ...silentLog, info: note, warn: note };
  const audit = {
    events: {
      last: async () => state.last,
      list: async (after: number) => (after < state.last ? [{ sequence: state.last, payload: {} }] : []),
    },
    deliveries: {
      claim: async () => ({ sequence: state.held, waiting: [] }),
      holds: async () => true,
      save: async () => true,
    },
  } as unknown as Audit;
  const stream = {
    newest: async () => {
      if (state.away !== undefined) throw new Error(state.away);
      return state.held;
    },
    append: async () => {
      state.held = state.last;
    },
    close() {},
  };
  const stop = new AbortController();
  const ran = runCentre({ audit, stream, log, pollMs: 50 }, stop.signal);
  const end = async () => {
    stop.abort();
    await ran;
  };
  return { state, said: () => lines.splice(0), end };
}

test('that it waits is told once for each reason, and once when all is added again', async () => {
  const { state, said, end } = start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([state.held, said()]).toEqual([1, []]);
  for (const reason of ['it is away', 'it is full']) {
    state.away = reason;
    state.last = 2;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said()).toEqual(['the stream of events waits']);
  }
  state.away = undefined;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([state.held, said()]).toEqual([2, ['no longer: the stream of events waits']]);
  await end();
  expect(said()).toEqual([]);
});
