/** Streams of an ending node are ended one by one, in any order: who comes back does so at another time than the next. */
import { pause } from '@quantivista/runtime';

/** Call `end` for each, at even distances within the time. */
export async function endOneByOne<T>(
  items: Iterable<T>,
  withinMs: number,
  end: (item: T) => void,
): Promise<void> {
  const leaving = shuffled([...items]);
  const startedAt = performance.now();
  for (const [index, item] of leaving.entries()) {
    const early = startedAt + (withinMs * (index + 1)) / leaving.length - performance.now();
    if (early > 0) await pause(early);
    end(item);
  }
}

function shuffled<T>(items: T[]): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [items[at], items[other]] = [items[other]!, items[at]!];
  }
  return items;
}
