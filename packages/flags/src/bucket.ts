/**
 * Who is in. A key's bucket depends on salt and key alone, and "on" is one interval that begins at 0: raising
 * the share only ever adds keys (I10).
 */
import { type FeatureFlag, type FlagRule, type Split, splitEntries } from '@quantivista/contracts';
import { murmur3 } from './murmur3.ts';

/** Buckets of a rollout: thousandths of a percent. */
export const ROLLOUT_BUCKETS = 100_000;
export const TARGETING_KEY = 'targetingKey';

/** The bucket of a key, 0 … total − 1, as flagd finds it: `(hash * total) >> 32`. */
export const bucketOf = (salt: string, key: string, total: number): number =>
  // Below 2^53 for any total up to 2^21, so that the product is exact.
  Math.floor((murmur3(salt + key) * total) / 0x1_0000_0000);

/** Buckets that are on, of {@link ROLLOUT_BUCKETS}. */
export const rolloutBuckets = (flag: FeatureFlag): number => Math.round(flag.rollout_percentage * 1000);

/** What a bucket is found by. */
export interface Bucketing {
  readonly salt: string;
  /** The attribute that holds the key. */
  readonly by: string;
}

/** Of the flag's share. */
export const rolloutBucketing = (flag: FeatureFlag): Bucketing => ({
  salt: flag.salt ?? flag.flag_name,
  by: flag.bucket_by ?? TARGETING_KEY,
});

/** Of a rule's split. Its salt differs from the share's, or a split would see the lower buckets alone. */
export const splitBucketing = (flag: FeatureFlag, rule: FlagRule): Bucketing => ({
  salt: rule.salt ?? `${flag.salt ?? flag.flag_name}:split:`,
  by: rule.bucket_by ?? flag.bucket_by ?? TARGETING_KEY,
});

export interface Shares<T> {
  readonly total: number;
  /** What a bucket below the total is served. */
  readonly of: (bucket: number) => T;
}

/** @param serve what a variant stands for, asked once a variant */
export function compileShares<T>(split: Split, serve: (variant: string) => T): Shares<T> {
  const shares: { readonly end: number; readonly served: T }[] = [];
  let total = 0;
  for (const [variant, weight] of splitEntries(split)) {
    total += weight;
    shares.push({ end: total, served: serve(variant) });
  }
  return { total, of: bucket => shares.find(({ end }) => bucket < end)!.served };
}
