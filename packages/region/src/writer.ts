/** What a feeder does to its region's Redis. */
import { randomUUID } from 'node:crypto';
import { connectRedis, type RegionOptions, unavailable } from './connection.ts';
import { encodeField, encodeValue, type SnapshotEntry } from './entry.ts';
import { generationKeys, loadingKey, pointerKey } from './keys.ts';
import { APPLY, MAX_CHANGES, PUBLISH } from './rules.ts';
import { type RegionState, readState } from './state.ts';

/** One revision of the store, and the one that it follows on. */
export interface RevisionStep {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly { readonly key: string; readonly value: string | undefined }[];
}

export type ApplyResult = 'applied' | 'duplicate' | 'gap' | 'foreign';

/** Every call throws ServiceError `store_unavailable` where Redis does not answer. */
export interface RegionWriter {
  state(): Promise<RegionState>;
  /** Apply steps in order; the results stand in the same order. A step holds at most MAX_CHANGES changes. */
  apply(generation: string, steps: readonly RevisionStep[]): Promise<ApplyResult[]>;
  /**
   * Replace the whole state by `entries`, as of `revision`, if `seen` is still what is held.
   * `changed` where it is not, since another feeder was first, or where part of `entries` was lost on the way.
   */
  publish(
    seen: RegionState,
    generation: string,
    revision: number,
    entries: readonly SnapshotEntry[],
  ): Promise<'published' | 'changed'>;
  close(): void;
}

const LOAD_CHUNK = 500;

export function createRegionWriter({ url, region, streamLength = 20_000 }: RegionOptions): RegionWriter {
  const redis = connectRedis(url, 5_000);
  const pointer = pointerKey(region);
  redis.defineCommand('qvApply', { numberOfKeys: 4, lua: APPLY });
  redis.defineCommand('qvPublish', { numberOfKeys: 8, lua: PUBLISH });
  const call = redis as unknown as Record<'qvApply' | 'qvPublish', (...args: string[]) => Promise<string[]>>;

  return {
    state: () => readState(redis, region),

    apply: async (generation, steps) => {
      const keys = generationKeys(region, generation);
      // Commands of one tick leave in one write, and Redis runs them in this order.
      const answers = steps.map(step => {
        if (step.changes.length > MAX_CHANGES) throw new RangeError('too many changes in one step');
        const pairs = step.changes.flatMap(change => [change.key, encodeValue(change.value)]);
        return call.qvApply(
          pointer,
          keys.revision,
          keys.snapshot,
          keys.stream,
          generation,
          String(step.from),
          String(step.to),
          String(streamLength),
          ...pairs,
        );
      });
      const settled = await Promise.allSettled(answers);
      return settled.map(result =>
        result.status === 'fulfilled' ? (result.value[0] as ApplyResult) : unavailable(result.reason),
      );
    },

    publish: async (seen, generation, revision, entries) => {
      const loading = loadingKey(region, randomUUID());
      for (let at = 0; at < entries.length; at += LOAD_CHUNK) {
        const fields = entries.slice(at, at + LOAD_CHUNK).flatMap(entry => [entry.key, encodeField(entry)]);
        await redis.hset(loading, ...fields).catch(unavailable);
        // A feeder that dies here leaves nothing behind for long.
        await redis.expire(loading, 60).catch(unavailable);
      }
      const keys = generationKeys(region, generation);
      const replaced = generationKeys(region, seen.generation ?? generation);
      const [answer] = await call
        .qvPublish(
          pointer,
          loading,
          keys.revision,
          keys.snapshot,
          keys.stream,
          replaced.revision,
          replaced.snapshot,
          replaced.stream,
          seen.generation ?? '',
          seen.revision === undefined ? '' : String(seen.revision),
          generation,
          String(revision),
          String(entries.length),
        )
        .catch(unavailable);
      return answer === 'published' ? 'published' : 'changed';
    },

    close: () => redis.disconnect(),
  };
}
