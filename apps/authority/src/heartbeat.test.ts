import { type Heartbeat as Beat, GENERATION_KEY, HEARTBEAT_KEY, ServiceError } from '@quantivista/contracts';
import { silentLog } from '@quantivista/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMemoryAudit, type MemoryAudit } from '../test/memory-audit.ts';
import { createMemoryEtcd, type MemoryEtcd } from '../test/memory-etcd.ts';
import { createHeartbeat } from './heartbeat.ts';

const SECOND = 1_000;
let store: MemoryEtcd;
let trail: MemoryAudit;
let generations: number;
const stops: (() => Promise<void>)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  store = createMemoryEtcd();
  trail = createMemoryAudit();
  generations = 0;
});
afterEach(async () => {
  const stopped = Promise.all(stops.splice(0).map(stop => stop()));
  await vi.runAllTimersAsync();
  await stopped;
  vi.useRealTimers();
});

function start() {
  const heartbeat = createHeartbeat({
    etcd: store.etcd,
    audit: trail.audit,
    log: silentLog,
    intervalMs: SECOND,
    store: {
      checked: of => (of === generation() ? { revision: store.revision, digests: { TEST: of } } : undefined),
      newestCommit: () => 0,
    },
    onGeneration: async () => void generations++,
  });
  const abort = new AbortController();
  const ended = heartbeat.run(abort.signal);
  stops.push(async () => {
    abort.abort();
    await ended;
  });
  return heartbeat;
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const generation = () => store.value(GENERATION_KEY);
const beat = (): Beat => JSON.parse(store.value(HEARTBEAT_KEY)!);

test('a new store gets a generation, and a beat a second', async () => {
  const heartbeat = start();
  await pass(50);
  expect(generation()).toMatch(/^[0-9a-f-]{36}$/);
  expect(heartbeat.generation).toBe(generation());
  const first = beat().sequence;
  await pass(5 * SECOND);
  expect(beat().sequence).toBe(first + 5);
  expect(Date.now() - beat().at).toBeLessThanOrEqual(SECOND);
  expect(generations).toBe(1);
});

test('a beat tells what the state is, of this generation alone', async () => {
  start();
  await pass(3 * SECOND);
  expect(beat().checked).toEqual({ revision: store.revision - 1, digests: { TEST: generation() } });
  store.entries = new Map();
  await pass(3 * SECOND);
  expect(beat().checked!.digests).toEqual({ TEST: generation() });
});

test('several authorities agree on one generation, and a restarted one keeps it and the count', async () => {
  const [one, two] = [start(), start()];
  await pass(50);
  expect(one.generation).toBe(two.generation);
  const before = beat().sequence;
  await pass(3 * SECOND);
  const third = start();
  await pass(SECOND);
  expect(third.generation).toBe(one.generation);
  expect(third.sequence).toBeGreaterThan(before);
});

test('the time of a beat is from before it was sent, however long that took', async () => {
  start();
  await pass(50);
  let sentAt = 0;
  store.intercept = async (_, carryOut) => {
    sentAt = Date.now();
    await new Promise(resolve => setTimeout(resolve, 700));
    return carryOut();
  };
  await pass(3 * SECOND);
  expect(beat().at).toBeLessThanOrEqual(sentAt);
});

test('a store that was wiped begins another generation', async () => {
  const heartbeat = start();
  await pass(5 * SECOND);
  const before = generation();
  store.entries = new Map();
  store.revision = 1;
  await pass(2 * SECOND);
  expect(generation()).toBeDefined();
  expect(generation()).not.toBe(before);
  expect(heartbeat.generation).toBe(generation());
  expect(generations).toBe(2);
});

test('a store that was restored from a backup begins another generation', async () => {
  const heartbeat = start();
  await pass(2 * SECOND);
  const before = generation();
  const restore = store.backup();
  await pass(5 * SECOND);
  restore();
  await pass(2 * SECOND);
  expect(generation()).not.toBe(before);
  expect(heartbeat.generation).toBe(generation());
});

test('one that was restored while no authority ran is known by the audit trail', async () => {
  store.put(GENERATION_KEY, '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11');
  trail.highestRevision = store.revision + 100;
  start();
  // In the new generation nothing is recorded yet.
  await vi.waitFor(() => expect(generation()).not.toBe('5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11'));
  trail.highestRevision = 0;
  await pass(SECOND);
  expect(store.value(HEARTBEAT_KEY)).toBeDefined();
});

test('neither store needs to answer: it goes on when they do', async () => {
  trail.refuses = call => call === 'highestRevision';
  const heartbeat = start();
  await pass(3 * SECOND);
  expect(heartbeat.sequence).toBe(0);
  trail.refuses = () => false;
  await pass(2 * SECOND);
  const before = heartbeat.sequence;
  expect(before).toBeGreaterThan(0);
  store.intercept = () => {
    throw new ServiceError('store_unavailable');
  };
  await pass(3 * SECOND);
  expect(heartbeat.sequence).toBe(before);
  store.intercept = (_, carryOut) => carryOut();
  await pass(2 * SECOND);
  expect(heartbeat.sequence).toBeGreaterThan(before);
  expect(heartbeat.generation).toBe(generation());
});
