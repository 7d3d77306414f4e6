/** Everything under a prefix, as it was at one revision, in pages. */
import type { KVClient } from 'etcd3';
import { fromWire, type KeyValue } from './kv.ts';
import { prefixEnd } from './prefix.ts';
import { isCompacted, isFutureRevision, isOversized, unavailable } from './unavailable.ts';

export interface ListOptions {
  readonly prefix: string;
  /** Read the state of this revision. @default the newest, by a linearizable read */
  readonly revision?: number;
  /** @default 2000 */
  readonly pageSize?: number;
}

export type ListResult =
  | { readonly kind: 'listed'; readonly revision: number; readonly entries: readonly KeyValue[] }
  /** The revision is no longer held, or the store has never reached it. */
  | { readonly kind: 'compacted' | 'future' };

/**
 * List a prefix. The first page settles the revision; the others are pinned to it, so that the whole is a
 * state that the store had. A page whose answer is too large is asked for again with half the size.
 * @throws ServiceError `store_unavailable`
 */
export async function list(kv: KVClient, options: ListOptions): Promise<ListResult> {
  const rangeEnd = Buffer.from(prefixEnd(options.prefix));
  const entries: KeyValue[] = [];
  let pageSize = options.pageSize ?? 2_000;
  let revision = options.revision;
  let from = options.prefix;
  for (;;) {
    try {
      const page = await kv.range({
        key: Buffer.from(from),
        range_end: rangeEnd,
        limit: pageSize,
        ...(revision !== undefined && { revision }),
      });
      revision ??= Number(page.header.revision);
      for (const kv of page.kvs) entries.push(fromWire(kv));
      if (!page.more) return { kind: 'listed', revision, entries };
      from = `${entries.at(-1)!.key}\0`;
    } catch (error) {
      if (isCompacted(error)) return { kind: 'compacted' };
      if (isFutureRevision(error)) return { kind: 'future' };
      if (!isOversized(error) || pageSize === 1) return unavailable(error);
      pageSize = Math.ceil(pageSize / 2);
    }
  }
}
