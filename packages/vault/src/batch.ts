/** Calls made in the same turn of the event loop go out together. */

/**
 * A function that collects items and hands up to `limit` of them to `send`, which answers one result for
 * each in the same order. Where `send` fails, all of them fail with its error.
 */
export function createBatch<Item, Result>(
  limit: number,
  send: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  interface Waiting {
    readonly item: Item;
    resolve(result: Result): void;
    reject(error: unknown): void;
  }
  let collected: Waiting[] = [];

  async function flush(): Promise<void> {
    const together = collected;
    if (together.length === 0) return;
    collected = [];
    try {
      const results = await send(together.map(({ item }) => item));
      for (const [index, { resolve }] of together.entries()) resolve(results[index]!);
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  return item =>
    new Promise((resolve, reject) => {
      collected.push({ item, resolve, reject });
      if (collected.length === 1) setImmediate(flush);
      if (collected.length === limit) void flush();
    });
}
