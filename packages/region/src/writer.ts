/** What a feeder does to its region's Redis. */
import { randomUUID } from 'node:crypto';
import { closeRedis, connectRedis, type RegionOptions, unavailable } from './connection.ts';
import { decodeField, encodeField, encodeValue, type SnapshotEntry } from './entry.ts';
import { generationKeys, loadingKey, pointerKey } from './keys.ts';
import { APPLY, MAX_CHANGES, PUBLISH, REPAIR } from './rules.ts';
import { scanPages } from './scan.ts';
import { type RegionState, readState } from './state.ts';
import { createStreamWindow } from './stream-window.ts';
import { createSuspicion, type Suspicion } from './suspicion.ts';

/** One revision of the store, and the one that it follows on. */
export interface RevisionStep {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly { readonly key: string; readonly value: string | undefined }[];
}

export type ApplyResult = 'applied' | 'duplicate' | 'gap' | 'foreign' | 'broken';

/** A key as the store has it; `entry` is `undefined` where it has no such key. */
export interface Listed {
  readonly key: string;
  readonly entry: SnapshotEntry | undefined;
}

/** Every call throws ServiceError `store_unavailable` where Redis does not answer. */
export interface RegionWriter extends Suspicion {
  state(): Promise<RegionState>;
  /** One key's value as a generation's snapshot has it. */
  value(generation: string, key: string): Promise<string | undefined>;
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
  /** Every key held, a page at a time; what changes meanwhile may be in it or not, and a key may come twice. */
  pages(generation: string): AsyncIterable<SnapshotEntry[]>;
  /**
   * Make `keys` what a list of the store at `since` says, except for those that have changed after it.
   * Answers the keys that were wrong; `moved` where the stream no longer tells what has changed since.
   */
  repair(generation: string, since: number, keys: readonly Listed[]): Promise<string[] | 'moved'>;
  close(): void;
}

const LOAD_CHUNK = 500;

/** Of an entry of the stream, about: with each value stands the one that it replaced, which is taken to weigh as much. */
const entryBytes = (pairs: readonly string[]): number =>
  pairs.reduce((sum, { length }) => sum + 2 * length, 100);

export function createRegionWriter({
  region,
  streamLength = 20_000,
  streamBytes = 64 * 1024 * 1024,
  ...address
}: RegionOptions): RegionWriter {
  const redis = connectRedis(address, 5_000);
  const pointer = pointerKey(region);
  const window = createStreamWindow(streamBytes, streamLength);
  redis.defineCommand('qvApply', { numberOfKeys: 4, lua: APPLY });
  redis.defineCommand('qvPublish', { numberOfKeys: 8, lua: PUBLISH });
  redis.defineCommand('qvRepair', { numberOfKeys: 4, lua: REPAIR });
  const call = redis as unknown as Record<
    'qvApply' | 'qvPublish' | 'qvRepair',
    (...args: string[]) => Promise<string[]>
  >;

  return {
    ...createSuspicion(redis, region),
    state: () => readState(redis, region),

    value: async (generation, key) => {
      const field = await redis.hget(generationKeys(region, generation).snapshot, key).catch(unavailable);
      return field === null ? undefined : decodeField(key, field).value;
    },

    apply: async (generation, steps) => {
      const keys = generationKeys(region, generation);
      // Commands of one tick leave in one write, and Redis runs them in this order.
      const answers = steps.map(step => {
        if (step.changes.length > MAX_CHANGES) throw new RangeError('too many changes in one step');
        const pairs = step.changes.flatMap(change => [change.key, encodeValue(change.value)]);
        const oldest = window.add(generation, step.to, entryBytes(pairs));
        return call.qvApply(
          pointer,
          keys.revision,
          keys.snapshot,
          keys.stream,
          generation,
          String(step.from),
          String(step.to),
          ...(oldest === undefined ? ['MAXLEN', String(streamLength)] : ['MINID', `${oldest}-0`]),
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
      // One chunk is made ready while Redis takes the one before.
      let taken: Promise<unknown> = Promise.resolve();
      for (let at = 0; at < entries.length; at += LOAD_CHUNK) {
        const fields = entries.slice(at, at + LOAD_CHUNK).flatMap(entry => [entry.key, encodeField(entry)]);
        await taken;
        // A feeder that dies here leaves nothing behind for long.
        taken = Promise.all([redis.hset(loading, ...fields), redis.expire(loading, 60)]).catch(unavailable);
      }
      await taken;
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

    pages: generation => scanPages(redis, generationKeys(region, generation).snapshot),

    repair: async (generation, since, keys) => {
      const held = generationKeys(region, generation);
      const repaired: string[] = [];
      for (let at = 0; at < keys.length; at += LOAD_CHUNK) {
        const pairs = keys
          .slice(at, at + LOAD_CHUNK)
          .flatMap(({ key, entry }) => [key, entry ? `=${encodeField(entry)}` : '-']);
        const [answer, ...wrong] = await call
          .qvRepair(pointer, held.revision, held.snapshot, held.stream, generation, String(since), ...pairs)
          .catch(unavailable);
        if (answer !== 'repaired') return 'moved';
        repaired.push(...wrong);
      }
      return repaired;
    },

    close: () => closeRedis(redis),
  };
}
