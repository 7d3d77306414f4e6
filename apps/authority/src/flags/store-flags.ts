/** Flags and segments as the store holds them at one revision, and whether any of them has changed since. */
import {
  deletedKey,
  FLAGS_PREFIX,
  flagPath,
  GENERATION_KEY,
  SEGMENTS_PREFIX,
  ServiceError,
  segmentPath,
} from '@quantivista/contracts';
import type { Compare, Etcd, KeyValue } from '@quantivista/etcd';

export interface Stored {
  readonly generation: string;
  readonly revision: number;
  /** Of each prefix asked for, its entries by key. */
  readonly lists: readonly (readonly KeyValue[])[];
}

/** What begins with each prefix, all at one revision. @throws ServiceError `not_ready`, `store_unavailable` */
export async function readStored(etcd: Etcd, prefixes: readonly string[]): Promise<Stored> {
  const { revision, entries } = await etcd.read([GENERATION_KEY]);
  const generation = entries[0]?.value;
  if (generation === undefined) throw new ServiceError('not_ready');
  const lists = await Promise.all(prefixes.map(prefix => etcd.list({ prefix, revision })));
  return {
    generation,
    revision,
    lists: lists.map(listed => {
      // Compacted in between, or another store: what is asked next is of one state again.
      if (listed.kind !== 'listed') throw new ServiceError('store_unavailable');
      return listed.entries;
    }),
  };
}

const CHANGED = [
  FLAGS_PREFIX,
  SEGMENTS_PREFIX,
  // A comparison of a prefix does not see what was deleted. Whoever deletes puts its last version here.
  deletedKey(flagPath('')),
  deletedKey(segmentPath('')),
];

/** Holds where no flag and no segment was written or deleted after `revision`. */
export const flagsUnchangedSince = (revision: number): Compare[] =>
  CHANGED.map(key => ({ key, target: 'mod', prefix: true, below: revision + 1 }));

/** As a FlagReader takes them: by name. */
export const byName = (entries: readonly KeyValue[], prefix: string): [name: string, text: string][] =>
  entries.map(({ key, value }) => [key.slice(prefix.length), value]);
