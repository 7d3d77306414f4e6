/** Follows all keys of a prefix of etcd, list and watch, and holds them in memory. */
import type { Etcd } from '@quantivista/etcd';
import type { Log } from '@quantivista/runtime';
import type { StoredEntry } from '@quantivista/snapshot';
import { followPrefix } from './follow-prefix.ts';
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

  return {
    prefix,
    get revision() {
      return revision;
    },
    stored: key => held.get(key),
    entries: () => held.values(),
    run: signal =>
      followPrefix(
        { etcd, log, prefix },
        {
          listed: (at, entries) => {
            held.clear();
            for (const { key, value, modRevision } of entries) held.set(key, { key, value, modRevision });
            revision = at;
          },
          changed: (at, events) => {
            for (const { key, value } of events) {
              if (value === undefined) held.delete(key);
              else held.set(key, { key, value, modRevision: at });
            }
            revision = at;
          },
          lost: () => {
            revision = undefined;
          },
        },
        signal,
      ),
  };
}
