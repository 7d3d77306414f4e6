/** What a node reads from its region's Redis. */
import { connectRedis, type RegionOptions, unavailable } from './connection.ts';
import { decodeEntry, decodeField, type SnapshotEntry, type StreamEntry } from './entry.ts';
import { generationKeys } from './keys.ts';
import { type RegionState, readState } from './state.ts';

/** Every call throws ServiceError `store_unavailable` where Redis does not answer. */
export interface RegionReader {
  state(): Promise<RegionState>;
  /**
   * Every key of a generation's snapshot. The scan takes several round trips, so what changes meanwhile may
   * be in it or not: replay the stream from a revision read before it.
   */
  scan(generation: string): Promise<SnapshotEntry[]>;
  /** The newest `count` entries of the stream, oldest first. */
  tail(generation: string, count: number): Promise<StreamEntry[]>;
  /** Entries after `revision`; waits up to the block time, then answers none. */
  next(generation: string, revision: number): Promise<StreamEntry[]>;
  close(): void;
}

export function createRegionReader({ url, region, blockMs = 500 }: RegionOptions): RegionReader {
  const redis = connectRedis(url, 5_000);
  // A blocking read holds up its connection, hence one of its own.
  const blocking = connectRedis(url, blockMs + 2_500);

  return {
    state: () => readState(redis, region),

    scan: async generation => {
      const { snapshot } = generationKeys(region, generation);
      // HSCAN may answer a field twice: the last answer is the newer one.
      const found = new Map<string, SnapshotEntry>();
      let cursor = '0';
      do {
        const [next, fields] = await redis.hscan(snapshot, cursor, 'COUNT', 1_000).catch(unavailable);
        for (let at = 0; at < fields.length; at += 2) {
          found.set(fields[at]!, decodeField(fields[at]!, fields[at + 1]!));
        }
        cursor = next;
      } while (cursor !== '0');
      return [...found.values()];
    },

    tail: async (generation, count) => {
      const { stream } = generationKeys(region, generation);
      const entries = await redis.xrevrange(stream, '+', '-', 'COUNT', count).catch(unavailable);
      return entries.reverse().map(decodeEntry);
    },

    next: async (generation, revision) => {
      const { stream } = generationKeys(region, generation);
      const answer = await blocking
        .xread('COUNT', 512, 'BLOCK', blockMs, 'STREAMS', stream, `${revision}-0`)
        .catch(unavailable);
      return answer?.[0]?.[1].map(decodeEntry) ?? [];
    },

    close: () => {
      redis.disconnect();
      blocking.disconnect();
    },
  };
}
