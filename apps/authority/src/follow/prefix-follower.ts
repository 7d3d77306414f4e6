/** Follows all keys of a prefix of etcd, list and watch, and holds them in memory. */
import type { Etcd } from '@quantivista/etcd';
import { createBackoff, type Log, pause } from '@quantivista/runtime';
import type { StoredEntry } from '@quantivista/snapshot';
import type { FollowedKeys } from './record-view.ts';

export interface PrefixFollower extends FollowedKeys {
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

export interface PrefixFollowerOptions {
  readonly etcd: Pick<Etcd, 'list' | 'watch'>;
  readonly log: Log;
  readonly prefix: string;
}

export function createPrefixFollower({ etcd, log, prefix }: PrefixFollowerOptions): PrefixFollower {
  const held = new Map<string, StoredEntry>();
  let revision: number | undefined;

  /** List, then watch from there, until the watch ends. */
  async function follow(signal: AbortSignal): Promise<string> {
    const listed = await etcd.list({ prefix });
    if (listed.kind !== 'listed') return listed.kind;
    held.clear();
    for (const { key, value, modRevision } of listed.entries) held.set(key, { key, value, modRevision });
    revision = listed.revision;
    const watch = etcd.watch({
      prefix,
      from: listed.revision + 1,
      onRevision: ({ revision: at, events }) => {
        for (const { key, value } of events) {
          if (value === undefined) held.delete(key);
          else held.set(key, { key, value, modRevision: at });
        }
        revision = at;
      },
    });
    signal.addEventListener('abort', watch.close);
    const { reason } = await watch.ended;
    signal.removeEventListener('abort', watch.close);
    return reason;
  }

  return {
    prefix,
    get revision() {
      return revision;
    },
    stored: key => held.get(key),
    entries: () => held.values(),
    run: async signal => {
      const backoff = createBackoff({ firstMs: 20, maxMs: 1_000 });
      while (!signal.aborted) {
        const startedAt = Date.now();
        try {
          log.debug({ prefix, end: await follow(signal) }, 'following ended');
        } catch (error) {
          log.warn({ err: error, prefix }, 'a part of the store is not followed');
        }
        // What is held may be of another life of the store by the time it answers again.
        revision = undefined;
        if (Date.now() - startedAt > 5_000) backoff.reset();
        await pause(backoff.next(), signal);
      }
    },
  };
}
