/** What a node reads from its region's Redis. */
import { connectRedis, type RegionOptions, unavailable } from './connection.ts';
import { decodeEntry, decodeField, type SnapshotEntry, type StreamEntry } from './entry.ts';
import { generationKeys } from './keys.ts';
import { scanPages } from './scan.ts';
import { type RegionState, readState } from './state.ts';
import { createSuspicion, type Suspicion } from './suspicion.ts';

/** Every call throws ServiceError `store_unavailable` where Redis does not answer. */
export interface RegionReader extends Suspicion {
  state(): Promise<RegionState>;
  /**
   * Every key of a generation's snapshot. The scan takes several round trips, so what changes meanwhile may
   * be in it or not: replay the stream from a revision read before it.
   */
  scan(generation: string): Promise<SnapshotEntry[]>;
  /** The same, a page at a time; a key may come twice. */
  pages(generation: string): AsyncIterable<SnapshotEntry[]>;
  /** Some keys and the revision held, at one moment; `undefined` where the generation is not held. */
  keysAt(
    generation: string,
    keys: readonly string[],
  ): Promise<{ revision: number; entries: (SnapshotEntry | undefined)[] } | undefined>;
  /** The newest `count` entries of the stream, oldest first. */
  tail(generation: string, count: number): Promise<StreamEntry[]>;
  /** Entries after `revision`; waits up to the block time, then answers none. */
  next(generation: string, revision: number): Promise<StreamEntry[]>;
  close(): void;
}

export function createRegionReader({ region, blockMs = 500, ...address }: RegionOptions): RegionReader {
  const redis = connectRedis(address, 5_000);
  // A blocking read holds up its connection, hence one of its own.
  const blocking = connectRedis(address, blockMs + 2_500);

  return {
    ...createSuspicion(redis, region),
    state: () => readState(redis, region),

    scan: async generation => {
      const found = new Map<string, SnapshotEntry>();
      for await (const page of scanPages(redis, generationKeys(region, generation).snapshot)) {
        for (const entry of page) found.set(entry.key, entry);
      }
      return [...found.values()];
    },

    pages: generation => scanPages(redis, generationKeys(region, generation).snapshot),

    keysAt: async (generation, keys) => {
      const held = generationKeys(region, generation);
      const answers = await redis
        .multi()
        .get(held.revision)
        .hmget(held.snapshot, ...keys)
        .exec()
        .catch(unavailable);
      const [revision, fields] = answers!.map(([error, value]) => (error ? unavailable(error) : value)) as [
        string | null,
        (string | null)[],
      ];
      if (revision === null) return undefined;
      const decode = (field: string | null, at: number) =>
        field === null ? undefined : decodeField(keys[at]!, field);
      return { revision: Number(revision), entries: fields.map(decode) };
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
