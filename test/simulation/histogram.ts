/** How often each delay occurred, in steps of 0.1 ms up to two minutes: 10^8 of them cost 5 MB. */

export interface Histogram {
  add(ms: number): void;
  readonly count: number;
  /** The delay that this share (0 to 1) of all stayed within, rounded up to 0.1 ms. */
  quantile(share: number): number;
  readonly max: number;
}

const STEPS_PER_MS = 10;
const LONGEST_MS = 120_000;

export function createHistogram(): Histogram {
  const buckets = new Uint32Array(LONGEST_MS * STEPS_PER_MS + 1);
  let count = 0;
  let max = 0;
  return {
    add: ms => {
      const bucket = Math.ceil(ms * STEPS_PER_MS - 1e-6);
      buckets[bucket < buckets.length ? bucket : buckets.length - 1]!++;
      count++;
      if (ms > max) max = ms;
    },
    get count() {
      return count;
    },
    get max() {
      return max;
    },
    quantile: share => {
      const rank = Math.ceil(share * count);
      let seen = 0;
      let bucket = 0;
      for (;;) {
        seen += buckets[bucket]!;
        if (seen >= rank) return bucket / STEPS_PER_MS;
        bucket++;
      }
    },
  };
}
