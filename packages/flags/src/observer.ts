/** How an explanation sees what an evaluation does: the compiler hands it every decision, plain or observed. */

import type { Context } from './attributes.ts';
import type { Test } from './conditions.ts';

/** A key's bucket; `undefined` where the context has no key. */
export type FindBucket = (context: Context) => number | undefined;

export interface Observer {
  /** @param path where in the flag: `conditions.country`, `rules.0.when.plan` */
  test(path: string, test: Test): Test;
  /** @param total of how many buckets; `on` the number of them that are on, in a rollout */
  bucket(path: string, find: FindBucket, about: { by: string; total: number; on?: number }): FindBucket;
}

/** Looks on nowhere, and costs nothing: the closures stay as they are. */
export const UNOBSERVED: Observer = { test: (_, test) => test, bucket: (_, find) => find };
