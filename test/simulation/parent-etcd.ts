/**
 * A region as what feeds another one: its stream, offered through the interface that feeders take, over the
 * link between the two. A hop of a tree of regions, as far as the simulation goes.
 */
import type { Etcd, Watch, WatchEnd, WatchOptions } from '@quantivista/etcd';
import { type Link, unavailable } from './link.ts';
import type { SimulatedRegion } from './simulated-region.ts';
import { GENERATION } from './world.ts';

const TIMEOUT_MS = 5_000;

export function createParentEtcd(parent: SimulatedRegion, link: Link): Etcd {
  const reader = parent.reader();
  const call = <T>(serve: () => T | Promise<T>) => link.call(serve, TIMEOUT_MS);
  const held = (): { generation: string; revision: number } => {
    const { generation, revision } = parent.state();
    if (generation === undefined || revision === undefined) throw unavailable();
    return { generation, revision };
  };
  /** As the child takes it: no revision of creation is known here, and none is needed. */
  const scan = async () =>
    (await reader.scan(held().generation)).map(entry => ({ ...entry, createRevision: entry.modRevision }));

  function watch({ from, onRevision }: WatchOptions): Watch {
    const { promise: ended, resolve } = Promise.withResolvers<WatchEnd>();
    const toChild = link.stream();
    let open = true;
    const end = (reason: WatchEnd) => {
      open = false;
      resolve(reason);
    };
    const follow = async () => {
      let reached = from - 1;
      while (open) {
        for (const entry of await reader.next(GENERATION, reached)) {
          if (entry.kind === 'reset' || entry.prev > reached)
            return toChild(() => end({ reason: 'compacted' }));
          reached = entry.revision;
          toChild(() => {
            if (open) onRevision({ revision: entry.revision, events: entry.changes });
          });
        }
      }
    };
    link.stream()(() => void follow());
    return { ended, close: () => end({ reason: 'closed' }) };
  }

  return {
    read: keys =>
      call(async () => {
        const entries = await scan();
        return {
          revision: held().revision,
          entries: keys.map(key => entries.find(each => each.key === key)),
        };
      }),
    list: () => call(async () => ({ kind: 'listed', revision: held().revision, entries: await scan() })),
    txn: () => Promise.reject(new Error('a region takes no writes')),
    deleteRange: () => Promise.reject(new Error('a region takes no writes')),
    watch,
    close: () => {},
  };
}
