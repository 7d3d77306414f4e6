/** Delays between attempts: exponential with full jitter, so that many clients do not return at once. */
import { onAbort } from './on-abort.ts';

export interface BackoffOptions {
  /** Upper bound of the first delay. @default 50 */
  firstMs?: number;
  /** Upper bound of any delay. @default 2000 */
  maxMs?: number;
  random?: () => number;
}

export interface Backoff {
  /** Milliseconds to wait before the next attempt: uniform in [0, bound), the bound doubling each time. */
  next(): number;
  /** Start again from the first delay, after a success. */
  reset(): void;
}

export function createBackoff({
  firstMs = 50,
  maxMs = 2000,
  random = Math.random,
}: BackoffOptions = {}): Backoff {
  let attempt = 0;
  return {
    next: () => Math.round(random() * Math.min(maxMs, firstMs * 2 ** Math.min(attempt++, 30))),
    reset: () => {
      attempt = 0;
    },
  };
}

/** Wait `ms`, or less where `signal` aborts. Never throws. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(() => {
      stopListening?.();
      resolve();
    }, ms);
    const stopListening =
      signal &&
      onAbort(signal, () => {
        clearTimeout(timer);
        resolve();
      });
  });
