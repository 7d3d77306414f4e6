/** So many a second, and a burst of as many at once as `burst`. */
export interface RateLimit {
  /** Take one; false where none is left. */
  take(): boolean;
}

export interface RateLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** @default performance.now */
  readonly now?: () => number;
}

export function createRateLimit({
  perSecond,
  burst,
  now = () => performance.now(),
}: RateLimitOptions): RateLimit {
  let left = burst;
  let at = now();
  return {
    take: () => {
      const time = now();
      left = Math.min(burst, left + ((time - at) / 1_000) * perSecond);
      at = time;
      if (left < 1) return false;
      left--;
      return true;
    },
  };
}
