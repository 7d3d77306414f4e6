/** Who waits for news of a stream. */

export interface BlockingReads {
  /** `settle` is called with true at news, with false when the time is over. */
  wait(generation: string, settle: (news: boolean) => void): void;
  wake(generation: string): void;
}

/** All wait equally long, so the oldest is the first to give up. */
interface Waiter {
  readonly generation: string;
  readonly since: number;
  readonly settle: (news: boolean) => void;
}

export function createBlockingReads(blockMs: number): BlockingReads {
  let waiters: Waiter[] = [];
  let expiring = false;

  function expire(): void {
    const expired = waiters.filter(waiter => waiter.since + blockMs <= performance.now());
    waiters = waiters.slice(expired.length);
    for (const waiter of expired) waiter.settle(false);
    expiring = false;
    if (waiters.length > 0) expireAfter(waiters[0]!.since + blockMs - performance.now());
  }

  /** One timer for all who wait. */
  function expireAfter(ms: number): void {
    if (expiring) return;
    expiring = true;
    setTimeout(expire, ms);
  }

  return {
    wait: (generation, settle) => {
      waiters.push({ generation, since: performance.now(), settle });
      expireAfter(blockMs);
    },
    wake: generation => {
      const awake = waiters.filter(waiter => waiter.generation === generation);
      waiters = waiters.filter(waiter => waiter.generation !== generation);
      for (const waiter of awake) waiter.settle(true);
    },
  };
}
