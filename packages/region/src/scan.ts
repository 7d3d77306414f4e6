/** Reading the hash that holds a generation's state. */
import type { Redis } from 'ioredis';
import { unavailable } from './connection.ts';
import { decodeField, type SnapshotEntry } from './entry.ts';

/** Fields in one exchange: many enough to be quick, few enough not to hold up Redis or this process. */
const PAGE = 1_000;

/**
 * Every field, a page at a time. What changes meanwhile may be in it or not, and a field may come twice: then
 * the later answer is the newer one.
 */
export async function* scanPages(redis: Redis, hash: string): AsyncGenerator<SnapshotEntry[]> {
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscan(hash, cursor, 'COUNT', PAGE).catch(unavailable);
    const page: SnapshotEntry[] = [];
    for (let at = 0; at < fields.length; at += 2) page.push(decodeField(fields[at]!, fields[at + 1]!));
    yield page;
    cursor = next;
  } while (cursor !== '0');
}
