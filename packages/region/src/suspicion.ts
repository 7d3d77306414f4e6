/**
 * The mark that says that what a region holds may be wrong: nodes set it, a feeder clears it when it has
 * compared all with the store. And claims, by which one of several does a piece of work.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { unavailable } from './connection.ts';
import { claimKey, generationKeys } from './keys.ts';

/** A mark that no feeder takes up is not kept for longer; who set it will set it again. */
const MARK_SECONDS = 60;

/** Deletes the mark if it is still the one that was seen: one set meanwhile asks for another look. */
const CLEAR = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** What nodes and feeders do alike. Every call throws ServiceError `store_unavailable`. */
export interface Suspicion {
  /** Set the mark. */
  suspect(generation: string): Promise<void>;
  /** The mark that is set, to be cleared by; `undefined` for none. */
  suspected(generation: string): Promise<string | undefined>;
  clear(generation: string, mark: string): Promise<void>;
  /** Whether this caller is the one to do `work` for the next `forMs`. Saves work, guards nothing. */
  claim(work: string, forMs: number): Promise<boolean>;
  /** The work claimed is done. */
  release(work: string): Promise<void>;
}

export function createSuspicion(redis: Redis, region: string): Suspicion {
  return {
    suspect: async generation => {
      const { suspect } = generationKeys(region, generation);
      await redis.set(suspect, randomUUID(), 'EX', MARK_SECONDS).catch(unavailable);
    },
    suspected: async generation => {
      const { suspect } = generationKeys(region, generation);
      return (await redis.get(suspect).catch(unavailable)) ?? undefined;
    },
    clear: async (generation, mark) => {
      const { suspect } = generationKeys(region, generation);
      await redis.eval(CLEAR, 1, suspect, mark).catch(unavailable);
    },
    claim: async (work, forMs) => {
      const answer = await redis.set(claimKey(region, work), '1', 'PX', forMs, 'NX').catch(unavailable);
      return answer === 'OK';
    },
    release: async work => {
      await redis.del(claimKey(region, work)).catch(unavailable);
    },
  };
}
