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

/** Own commits of one follower's keys; more than these are looked through for those that have come back. */
const MANY = 1_000;

/** What was committed here, and has not come back yet. */
interface Own {
  readonly revision: number;
  readonly entry: StoredEntry | undefined;
}

/** What is followed, and the store for all other keys and while nothing is followed. */
export function createMemoryView(followed: readonly FollowedKeys[], store: RecordView): MemoryView {
  const own = new Map(followed.map(follower => [follower, new Map<string, Own>()]));

  const followerOf = (key: string) => followed.find(({ prefix }) => key.startsWith(prefix));
  function lookUp(key: string, follower: FollowedKeys): StoredEntry | undefined {
    const mine = own.get(follower)!;
    const committed = mine.get(key);
    if (committed === undefined) return follower.stored(key);
    if (committed.revision > follower.revision!) return committed.entry;
    mine.delete(key);
    return follower.stored(key);
  }
  function dropReturned(follower: FollowedKeys): void {
    const mine = own.get(follower)!;
    const seen = follower.revision ?? 0;
    for (const [key, { revision }] of mine) if (revision <= seen) mine.delete(key);
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
      if (follower?.revision === undefined) return store.list(prefix);
      dropReturned(follower);
      if (own.get(follower)!.size > 0) return store.list(prefix);
      const entries = [...follower.entries()].filter(({ key }) => key.startsWith(prefix));
      return { revision: follower.revision, entries };
    },
    remember: (revision, operations) => {
      for (const operation of operations) {
        const { key } = operation;
        const follower = operation.op === 'get' ? undefined : followerOf(key);
        if (!follower) continue;
        const entry =
          operation.op === 'put' ? { key, value: operation.value, modRevision: revision } : undefined;
        const mine = own.get(follower)!;
        mine.set(key, { revision, entry });
        if (mine.size > MANY) dropReturned(follower);
      }
    },
  };
}
