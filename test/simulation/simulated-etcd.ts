/**
 * The driver's interface to the simulated store, over a link: what `packages/etcd` promises, with its
 * deadlines. Every key of the store counts as distributed.
 */
import type { Etcd, RevisionEvents, Watch, WatchEnd, WatchOptions } from '@quantivista/etcd';
import type { CentreLoad } from './centre-load.ts';
import { type Link, unavailable } from './link.ts';
import type { SimulatedStore, StoreWatcher } from './simulated-store.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface SimulatedEtcdOptions {
  readonly clock: VirtualClock;
  readonly store: SimulatedStore;
  readonly link: Link;
  readonly load: CentreLoad;
  /** From a transaction's arrival to its commit by a quorum. @default 0 */
  readonly commitMs?: number;
}

const TIMEOUT_MS = 5_000;
/** A watch notices after so long that its link is dead: three seconds of silence, seen by a probe. */
const SILENCE_MS = 3_000;
const PROBE_MS = 500;
/** Of an event on the wire besides its key and value; and of an answer. */
const EVENT_BYTES = 40;
const ANSWER_BYTES = 60;

const bytesOf = (entries: readonly { key: string; value: string | undefined }[]): number =>
  entries.reduce((sum, { key, value = '' }) => sum + EVENT_BYTES + key.length + value.length, ANSWER_BYTES);

export function createSimulatedEtcd(options: SimulatedEtcdOptions): Etcd {
  const { clock, store, link, load, commitMs = 0 } = options;
  const call = <T>(serve: () => T | Promise<T>) =>
    link.call(() => {
      if (!store.up) throw unavailable();
      return serve();
    }, TIMEOUT_MS);

  function watch({ from, onRevision }: WatchOptions): Watch {
    const { promise: ended, resolve } = Promise.withResolvers<WatchEnd>();
    const toStore = link.stream();
    const toReader = link.stream();
    let open = true;
    const end = (reason: WatchEnd) => {
      if (!open) return;
      open = false;
      store.watchers.delete(watcher);
      load.watches.delete(watcher);
      stopListening();
      resolve(reason);
    };
    const lost = () => end({ reason: 'lost', cause: unavailable() });
    const noticeSilence = () => {
      clock.after(SILENCE_MS + Math.random() * PROBE_MS, () => {
        if (!link.up) lost();
      });
    };
    const watcher: StoreWatcher = {
      send: (events: RevisionEvents) => {
        if (link.up) {
          load.count('events sent', events.events.length);
          load.count('bytes sent', bytesOf(events.events));
        }
        toReader(() => {
          if (open) onRevision(events);
        });
      },
      lost: () => toReader(lost),
    };
    const stopListening = link.onCut(noticeSilence);
    if (!link.up) noticeSilence();
    toStore(() => {
      if (!open) return;
      if (!store.up) return toReader(lost);
      load.count('watches opened');
      if (from < store.compactedTo) return toReader(() => end({ reason: 'compacted' }));
      if (store.revision < from - 1) return toReader(() => end({ reason: 'rewound' }));
      for (const events of store.since(from)) watcher.send(events);
      store.watchers.add(watcher);
      load.watches.add(watcher);
    });
    return { ended, close: () => end({ reason: 'closed' }) };
  }

  return {
    read: keys =>
      call(() => {
        load.count('reads');
        const entries = keys.map(key => store.get(key));
        load.count('bytes sent', bytesOf(entries.filter(entry => entry !== undefined)));
        return { revision: store.revision, entries };
      }),
    list: ({ revision = undefined }) =>
      call(() => {
        load.count('lists');
        if (revision !== undefined && revision < store.compactedTo) return { kind: 'compacted' };
        if (revision !== undefined && revision > store.revision) return { kind: 'future' };
        const entries = store.stateAt(revision ?? store.revision);
        load.count('bytes sent', bytesOf(entries));
        return { kind: 'listed', revision: revision ?? store.revision, entries };
      }),
    txn: txn => call(() => new Promise(resolve => clock.after(commitMs, () => resolve(store.txn(txn))))),
    deleteRange: () => {
      throw new Error('nothing simulated deletes a range');
    },
    lease: () => {
      throw new Error('nothing simulated holds a lease');
    },
    watch,
    close: () => {},
  };
}
