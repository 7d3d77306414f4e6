/**
 * Many callers, few statements: what comes in the same turn of the event loop, or while statements are under way,
 * goes together into the next one. A lone caller never waits for company.
 */

export interface BatchOptions {
  /** Statements under way at once. @default 1 */
  readonly inFlight?: number;
  /** Items of one statement at the most. @default 100 */
  readonly most?: number;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * @param run carries out one statement for all items; answers one result an item, in their order. Where it
 * rejects for several, each is tried alone: one that can't be recorded must not fail the others.
 */
export function createBatch<T, R>(
  run: (items: readonly T[]) => Promise<readonly R[]>,
  { inFlight = 1, most = 200 }: BatchOptions = {},
): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = [];
  let running = 0;
  let starting = false;

  async function carryOut(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await run(batch.map(({ item }) => item));
      for (const [at, { resolve }] of batch.entries()) resolve(results[at]!);
    } catch (error) {
      if (batch.length === 1) return batch[0]!.reject(error);
      await Promise.all(batch.map(each => carryOut([each])));
    }
  }

  function start(): void {
    while (running < inFlight && waiting.length > 0) {
      const batch = waiting.slice(0, most);
      waiting = waiting.slice(most);
      running++;
      void carryOut(batch).finally(() => {
        running--;
        start();
      });
    }
  }

  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (starting) return;
      starting = true;
      // Many answers of etcd come in one packet: the first must not go alone, and keep the others waiting.
      setImmediate(() => {
        starting = false;
        start();
      });
    });
}
