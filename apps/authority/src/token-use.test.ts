import { silentLog } from '@quantivista/runtime';
import { expect, test } from 'vitest';
import { createTokenUse } from './token-use.ts';

const hash = (digit: string) => digit.repeat(64);

/** Written of these uses, by two rounds. */
async function written(coarseMs: number): Promise<Map<string, number>[]> {
  const writes: Map<string, number>[] = [];
  const stop = new AbortController();
  const use = createTokenUse({
    write: async uses => {
      writes.push(new Map(uses));
      use.used(hash('a'));
      if (writes.length === 2 || coarseMs > 0) stop.abort();
    },
    log: silentLog,
    intervalMs: 1,
    coarseMs,
  });
  for (let count = 0; count < 100; count++) use.used(hash('a'));
  use.used(hash('b'));
  await use.run(stop.signal);
  return writes;
}

test('a token that is used all the time is noted once in the time', async () => {
  const [first, ...more] = await written(3_600_000);
  expect([...first!.keys()]).toEqual(['a'.repeat(16), 'b'.repeat(16)]);
  expect(more).toEqual([]);
});

test('and once more after it', async () => {
  const [, second] = await written(0);
  expect([...second!.keys()]).toEqual(['a'.repeat(16)]);
});
