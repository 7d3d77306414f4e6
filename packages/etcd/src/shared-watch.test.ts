import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Etcd } from './etcd.ts';
import { shareWatches } from './shared-watch.ts';
import type { RevisionEvents, WatchEnd, WatchOptions } from './watch.ts';

/** A store that hands on its history when it is told to, to each watch at its own pace. */
function createStore() {
  const history: RevisionEvents[] = [];
  const watches = new Set<{ step(): void; end(reason: WatchEnd): void }>();
  return {
    watches: () => [...watches],
    revision: () => history.length,
    keys: (from: number, prefix: string) =>
      history
        .slice(from - 1)
        .flatMap(({ events }) => events.map(({ key }) => key))
        .filter(key => key.startsWith(prefix)),
    put: (key: string) => history.push({ revision: history.length + 1, events: [{ key, value: key }] }),
    watch: ({ from, onRevision }: WatchOptions) => {
      const { promise: ended, resolve } = Promise.withResolvers<WatchEnd>();
      let next = from;
      const end = (reason: WatchEnd) => {
        watches.delete(self);
        resolve(reason);
      };
      const self = {
        end,
        step: () => {
          const events = history[next - 1];
          if (!events) return;
          next++;
          onRevision(events);
        },
      };
      watches.add(self);
      return { ended, close: () => end({ reason: 'closed' }) };
    },
  };
}

/** Follows a prefix, and checks what it is told. */
function follow(etcd: Etcd, prefix: string, from: number) {
  const keys: string[] = [];
  let seen = from - 1;
  let end: WatchEnd['reason'] | undefined;
  const watch = etcd.watch({
    prefix,
    from,
    onRevision: ({ revision, events }) => {
      expect(end).toBeUndefined();
      expect(revision).toBe(seen + 1);
      seen = revision;
      keys.push(...events.map(({ key }) => key));
    },
  });
  void watch.ended.then(({ reason }) => {
    end = reason;
  });
  return { prefix, from, keys, watch, seen: () => seen, ended: () => end };
}

const settle = () => new Promise(resolve => setImmediate(resolve));
const LOST: WatchEnd = { reason: 'lost', cause: undefined };

test('whoever follows is told of each revision once and in order, wherever it begins and whatever ends', async () => {
  const command = fc.oneof(
    { weight: 4, arbitrary: fc.record({ put: fc.constantFrom('/a/1', '/a/2', '/b/1') }) },
    { weight: 4, arbitrary: fc.record({ step: fc.nat(9) }) },
    {
      weight: 2,
      arbitrary: fc.record({ follow: fc.constantFrom('/a/', '/b/', '/'), back: fc.nat(6) }),
    },
    { weight: 1, arbitrary: fc.record({ cut: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ close: fc.nat(9) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async commands => {
      const store = createStore();
      const etcd = shareWatches(store as unknown as Etcd, '/');
      const followers: ReturnType<typeof follow>[] = [];
      for (const each of commands) {
        if ('put' in each) store.put(each.put);
        else if ('step' in each) store.watches()[each.step]?.step();
        else if ('follow' in each)
          followers.push(follow(etcd, each.follow, Math.max(1, store.revision() + 1 - each.back)));
        else if ('cut' in each) store.watches()[each.cut]?.end(LOST);
        else followers[each.close]?.watch.close();
        await settle();
      }
      // What changes brings them together.
      for (let turn = 0; turn < 2; turn++) {
        store.put('/beat');
        for (let step = 0; step <= store.revision(); step++)
          for (const watch of store.watches()) watch.step();
      }
      await settle();
      const following = followers.filter(each => each.ended() === undefined);
      for (const { prefix, from, keys, seen } of following) {
        expect(seen()).toBe(store.revision());
        expect(keys).toEqual(store.keys(from, prefix));
      }
      expect(store.watches()).toHaveLength(Math.min(1, following.length));
    }),
  );
});

test('where the one watch ends, it ends for all, and the next who follows begins another', async () => {
  const store = createStore();
  const etcd = shareWatches(store as unknown as Etcd, '/');
  const followers = ['/a/', '/b/'].map(prefix => follow(etcd, prefix, 1));
  expect(store.watches()).toHaveLength(1);
  store.watches()[0]!.end({ reason: 'compacted' });
  await settle();
  expect(followers.map(each => each.ended())).toEqual(['compacted', 'compacted']);
  const next = follow(etcd, '/a/', 1);
  store.put('/a/1');
  store.watches()[0]!.step();
  expect(next.keys).toEqual(['/a/1']);
});

test('one who waits for what the store may never have had keeps nobody else', async () => {
  const store = createStore();
  const etcd = shareWatches(store as unknown as Etcd, '/');
  const waiting = follow(etcd, '/a/', 100);
  const other = follow(etcd, '/a/', 1);
  store.put('/a/1');
  for (const watch of store.watches()) watch.step();
  expect(other.keys).toEqual(['/a/1']);
  store.watches()[0]!.end({ reason: 'rewound' });
  await settle();
  expect([waiting.ended(), other.ended()]).toEqual(['rewound', undefined]);
});
