import { COMMIT_KEY, configurationKey, DISTRIBUTED_PREFIX, GENERATION_KEY } from '@quantivista/contracts';
import type { WatchEnd, WatchOptions } from '@quantivista/etcd';
import { silentLog } from '@quantivista/runtime';
import { digestsOf } from '@quantivista/snapshot';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMemoryEtcd, type MemoryEtcd } from '../../test/memory-etcd.ts';
import { createStoreFollower, type StoreFollower } from './store-follower.ts';

const FIRST = '11111111-1111-4111-8111-111111111111';
const SECOND = '22222222-2222-4222-8222-222222222222';
const key = configurationKey({ environment: 'TEST', service: 'risk', key: 'a' });

let store: MemoryEtcd;
let watches: { options: WatchOptions; end: (end: WatchEnd) => void }[];
let lists: number;
let follower: StoreFollower;
let abort: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  vi.useFakeTimers();
  store = createMemoryEtcd();
  watches = [];
  lists = 0;
  const etcd = {
    ...store.etcd,
    list: (options: { prefix: string }) => {
      lists++;
      return store.etcd.list(options);
    },
    watch: (options: WatchOptions) => {
      const { promise: ended, resolve: end } = Promise.withResolvers<WatchEnd>();
      watches.push({ options, end });
      return { ended, close: () => end({ reason: 'closed' }) };
    },
  };
  store.put(GENERATION_KEY, FIRST);
  store.put(key, '1');
  follower = createStoreFollower({ etcd, log: silentLog, checkListMs: 60_000 });
  abort = new AbortController();
  running = follower.run(abort.signal);
  await pass(100);
});
afterEach(async () => {
  abort.abort();
  await vi.runAllTimersAsync();
  await running;
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const told = (changed: string, value: string) =>
  watches.at(-1)!.options.onRevision({ revision: store.revision, events: [{ key: changed, value }] });
/** A change that the watch tells of, or does not. */
function put(changed: string, value: string, { tell = true } = {}): void {
  store.put(changed, value);
  if (tell) told(changed, value);
}
const truth = () => ({
  revision: store.revision,
  digests: digestsOf([...store.entries.values()].filter(each => each.key.startsWith(DISTRIBUTED_PREFIX))),
});

test('knows the state as of the newest revision, and of its own generation alone', () => {
  expect(follower.checked(FIRST)).toEqual(truth());
  put(key, '2');
  expect(follower.checked(FIRST)).toEqual(truth());
  expect(follower.checked(SECOND)).toBeUndefined();
});

test('goes on from where a watch was lost, and lists where that is not possible', async () => {
  put(key, '2');
  const { revision } = store;
  watches.at(-1)!.end({ reason: 'lost', cause: undefined });
  await pass(2_000);
  expect(watches.at(-1)!.options.from).toBe(revision + 1);
  expect(lists).toBe(1);
  put(key, '3', { tell: false });
  watches.at(-1)!.end({ reason: 'compacted' });
  await pass(2_000);
  expect(lists).toBe(2);
  expect(follower.checked(FIRST)).toEqual(truth());
});

test('a list now and then shows what the watch has kept silent', async () => {
  put(key, '2', { tell: false });
  put(COMMIT_KEY, '{}');
  expect(follower.checked(FIRST)).not.toEqual(truth());
  await pass(65_000);
  expect(follower.differences).toBe(1);
  expect(follower.checked(FIRST)).toEqual(truth());
  await pass(65_000);
  expect(follower.differences).toBe(1);
});

test('a list is compared with what the watch had made at its revision, however late the watch is', async () => {
  put(key, '2', { tell: false });
  await pass(60_100);
  told(key, '2');
  await pass(1_000);
  put(key, '3');
  await pass(65_000);
  expect(follower.differences).toBe(0);
});

test('another generation is followed from a list of its own; the newest write never goes back', async () => {
  put(COMMIT_KEY, '{}');
  const commit = store.revision;
  expect(follower.newestCommit(FIRST)).toBe(commit);
  store.entries.delete(COMMIT_KEY);
  watches.at(-1)!.end({ reason: 'rewound' });
  await pass(2_000);
  expect(follower.newestCommit(FIRST)).toBe(commit);
  put(GENERATION_KEY, SECOND);
  expect(follower.checked(FIRST)).toBeUndefined();
  await pass(2_000);
  expect(follower.checked(SECOND)).toEqual(truth());
  expect(follower.newestCommit(SECOND)).toBe(0);
});
