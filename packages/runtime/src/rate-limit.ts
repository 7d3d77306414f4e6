/** So many a second, and a burst of as many at once as `burst`; for one, or for each of many by its name. */
import { isIPv6 } from 'node:net';

export interface RateLimit {
  /** Take one; false where none is left. */
  take(): boolean;
  /** Give one back. */
  give(): void;
}

export interface RateLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
  /** So many are set aside at once, so that most of the time nobody looks at a clock. @default 1 */
  readonly lease?: number;
  readonly onRefused?: () => void;
  /** @default performance.now */
  readonly now?: () => number;
}

export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { perSecond, burst, lease = 1, onRefused, now = () => performance.now() } = options;
  let left = burst;
  /** Of those that are not left any more. */
  let aside = 0;
  let at = now();
  return {
    take: () => {
      if (aside > 0) {
        aside--;
        return true;
      }
      const time = now();
      left = Math.min(burst, left + ((time - at) / 1_000) * perSecond);
      at = time;
      if (left < 1) {
        onRefused?.();
        return false;
      }
      const taken = Math.min(lease, Math.floor(left));
      left -= taken;
      aside = taken - 1;
      return true;
    },
    give: () => {
      left = Math.min(burst, left + 1);
    },
  };
}

export interface RateLimits {
  /** What was refused, of all of them. */
  readonly refused: number;
  /** The one of that name: the same object as long as it is among those that were asked for last. */
  of(name: string): RateLimit;
}

export interface RateLimitsOptions {
  /** Of each; 0: as many as come. The burst is what comes in two seconds. */
  readonly perSecond: number;
  /** Names remembered: who is forgotten begins anew. @default 10_000 */
  readonly capacity?: number;
  /** @default performance.now */
  readonly now?: () => number;
}

const UNLIMITED: RateLimit = { take: () => true, give() {} };

export function createRateLimits({ perSecond, capacity = 10_000, now }: RateLimitsOptions): RateLimits {
  /** In the order in which they were asked for last. */
  const limits = new Map<string, RateLimit>();
  let refused = 0;
  const onRefused = () => void refused++;
  const each = { perSecond, burst: 2 * perSecond, lease: Math.ceil(perSecond / 100), onRefused };
  const create = () => createRateLimit({ ...each, ...(now && { now }) });
  return {
    get refused() {
      return refused;
    },
    of: name => {
      if (perSecond === 0) return UNLIMITED;
      const limit = limits.get(name) ?? create();
      limits.delete(name);
      if (limits.size >= capacity) limits.delete(limits.keys().next().value!);
      limits.set(name, limit);
      return limit;
    },
  };
}

/** Whom an address belongs to: all of an IPv6 network of 64 bits are one, since who has one of them has them all. */
export function networkOf(address: string | undefined): string {
  if (address === undefined || !isIPv6(address)) return address ?? '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const [before, after] = [head, tail ?? ''].map(part => part.split(':').filter(Boolean));
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before!.length - after!.length);
  return [...before!, ...Array(zeros).fill('0'), ...after!].slice(0, 4).join(':').toLowerCase();
}
