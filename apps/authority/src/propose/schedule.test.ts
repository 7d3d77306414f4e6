import { type ErrorCode, PROPOSALS_PREFIX, type Proposal, ServiceError } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { silentLog } from '@quantivista/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMemoryEtcd } from '../../test/memory-etcd.ts';
import type { Proposals } from './proposals.ts';
import { createSchedule } from './schedule.ts';

const AT = '2026-01-01T00:00:10.000Z';
let leading: boolean;
/** What applying fails with; undefined: it succeeds. */
let failure: ErrorCode | undefined;
let applied: number;
let advanced: unknown[];
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00.000Z') });
  [leading, failure, applied, advanced] = [true, undefined, 0, []];
  const store = createMemoryEtcd();
  const scheduled: Partial<Proposal> = { state: 'scheduled', apply_at: AT };
  store.put(`${PROPOSALS_PREFIX}due`, JSON.stringify(scheduled));
  store.put(`${PROPOSALS_PREFIX}open`, JSON.stringify({ ...scheduled, state: 'open' }));
  const { promise: ended, resolve } = Promise.withResolvers<{ reason: 'closed' }>();
  const etcd: Etcd = { ...store.etcd, watch: () => ({ ended, close: () => resolve({ reason: 'closed' }) }) };
  const proposals = {
    apply: async id => {
      expect(id).toBe('due');
      applied++;
      if (failure) throw new ServiceError(failure);
      return {} as never;
    },
    advance: async (_, event) => {
      advanced.push(event.type);
      return {} as never;
    },
  } as Partial<Proposals> as Proposals;
  stop = new AbortController();
  const leadership = {
    get leading() {
      return leading;
    },
  };
  running = createSchedule({ etcd, log: silentLog, proposals, leadership }).run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await vi.advanceTimersByTimeAsync(2_000);
  await running;
  vi.useRealTimers();
});

test('it is applied at its time, not before', async () => {
  await vi.advanceTimersByTimeAsync(9_900);
  expect(applied).toBe(0);
  await vi.advanceTimersByTimeAsync(300);
  expect(applied).toBe(1);
});

test('one who does not lead does nothing, and whoever comes to lead later applies it late', async () => {
  leading = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(applied).toBe(0);
  leading = true;
  await vi.advanceTimersByTimeAsync(200);
  expect(applied).toBe(1);
});

test.each<[ErrorCode, string[]]>([
  ['invalid_request', ['fail']],
  ['too_large', ['fail']],
  ['approval_required', ['recount']],
  ['proposal_stale', []],
  ['proposal_closed', []],
])('refused with %s: %o', async (code, events) => {
  failure = code;
  await vi.advanceTimersByTimeAsync(10_500);
  expect(advanced).toEqual(events);
});

test.each<ErrorCode>(['store_unavailable', 'audit_unavailable', 'write_in_doubt', 'conflict'])(
  'tried again after %s',
  async code => {
    failure = code;
    await vi.advanceTimersByTimeAsync(10_500);
    expect([applied, advanced]).toEqual([1, []]);
    failure = undefined;
    await vi.advanceTimersByTimeAsync(1_000);
    expect([applied, advanced]).toEqual([2, []]);
  },
);
