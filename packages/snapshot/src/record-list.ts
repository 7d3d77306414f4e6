/** A list of records as it is served: prepared, with a tag of its contents. */
import { digestsOf, OTHER_PART } from './parts.ts';
import type { StoredEntry } from './snapshot.ts';

export interface RecordList {
  /** JSON array of the records as they are stored, by their keys. */
  readonly body: string;
  /** Strong ETag: equal lists of a generation have equal tags, on every node and at the authority. */
  readonly tag: string;
}

/** @param entries of distributed keys that belong to no environment */
export function recordList(entries: readonly StoredEntry[], generation: string): RecordList {
  const sorted = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const digest = digestsOf(sorted)[OTHER_PART] ?? '0';
  return {
    body: `[${sorted.map(({ value }) => value).join(',')}]`,
    tag: `"${generation.slice(0, 8)}.l${digest}"`,
  };
}
