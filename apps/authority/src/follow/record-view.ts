/**
 * What a plan is made from. From memory it costs nothing, and may be a moment old: that does no harm to what is
 * written, since the transaction compares all that was read, but whoever refuses a write must look at the store.
 */

import { ServiceError } from '@quantivista/contracts';
import type { Etcd, Operation } from '@quantivista/etcd';
import type { StoredEntry } from '@quantivista/snapshot';

export interface RecordView {
  /** Entries are of `revision` or later, and each as of one moment. `undefined`: there is no such key. */
  read(
    keys: readonly string[],
  ): Promise<{ readonly revision: number; readonly entries: readonly (StoredEntry | undefined)[] }>;
  /** All keys of a prefix, as of `revision`. */
  list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly StoredEntry[] }>;
}

/** Keys read at once: of up to 1 MB each. */
const READ_KEYS = 32;

/** The store itself. @throws from its calls: ServiceError `store_unavailable`, `not_ready` */
export function createStoreView(etcd: Etcd): RecordView {
  return {
    // In parts that fit into one answer, and so not at one revision.
    read: async keys => {
      const entries: (StoredEntry | undefined)[] = [];
      let revision = Number.POSITIVE_INFINITY;
      for (let from = 0; from < keys.length; from += READ_KEYS) {
        const part = await etcd.read(keys.slice(from, from + READ_KEYS));
        revision = Math.min(revision, part.revision);
        entries.push(...part.entries);
      }
      return { revision, entries };
    },
    list: async prefix => {
      const listed = await etcd.list({ prefix });
      if (listed.kind !== 'listed') throw new ServiceError('not_ready');
      return listed;
    },
  };
}

/** What some part of the store's keys is known to be by following them. */
export interface FollowedKeys {
  readonly prefix: string;
  /** Everything up to it has been seen; `undefined` while nothing is followed. */
  readonly revision: number | undefined;
  stored(key: string): StoredEntry | undefined;
  entries(): Iterable<StoredEntry>;
}

export interface MemoryView extends RecordView {
  /** Take in what this process has committed, before it comes back from the store. */
  remember(revision: number, operations: readonly Operation[]): void;
}

/** Of own commits that are kept until they have come back. */
const REMEMBERED = 10_000;

/** What is followed, and the store for all other keys and while nothing is followed. */
export function createMemoryView(followed: readonly FollowedKeys[], store: RecordView): MemoryView {
  const own = new Map<string, { readonly revision: number; readonly entry: StoredEntry | undefined }>();

  const followerOf = (key: string) => followed.find(({ prefix }) => key.startsWith(prefix));
  function lookUp(key: string, { revision, stored }: FollowedKeys): StoredEntry | undefined {
    const mine = own.get(key);
    if (mine === undefined) return stored(key);
    if (mine.revision > revision!) return mine.entry;
    own.delete(key);
    return stored(key);
  }

  return {
    read: async keys => {
      const followers = keys.map(followerOf);
      const known = (each: FollowedKeys | undefined): each is FollowedKeys => each?.revision !== undefined;
      if (!followers.every(known)) return store.read(keys);
      return {
        revision: Math.min(...followers.map(each => each.revision!)),
        entries: keys.map((key, at) => lookUp(key, followers[at]!)),
      };
    },
    list: async prefix => {
      const follower = followerOf(prefix);
      const isOwn = () => [...own.keys()].some(key => key.startsWith(prefix));
      if (follower?.revision === undefined || isOwn()) return store.list(prefix);
      const entries = [...follower.entries()].filter(({ key }) => key.startsWith(prefix));
      return { revision: follower.revision, entries };
    },
    remember: (revision, operations) => {
      if (own.size > REMEMBERED) own.clear();
      for (const operation of operations) {
        const { key } = operation;
        if (operation.op === 'get' || !followerOf(key)) continue;
        const entry =
          operation.op === 'put' ? { key, value: operation.value, modRevision: revision } : undefined;
        own.set(key, { revision, entry });
      }
    },
  };
}
