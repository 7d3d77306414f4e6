import { expect, test } from 'vitest';
import { createBatch } from './batch.ts';

test('what is asked in one turn goes together, up to the limit, and each gets its own answer', async () => {
  const sent: number[][] = [];
  const double = createBatch<number, number>(3, async items => {
    sent.push([...items]);
    return items.map(item => item * 2);
  });
  expect(await Promise.all([1, 2, 3, 4, 5, 6, 7].map(double))).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(sent).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  expect(await double(8)).toBe(16);
  expect(sent).toHaveLength(4);
});

test('where sending fails all of that batch fail, and the next one is sent', async () => {
  let broken = true;
  const ask = createBatch<number, number>(2, async items => {
    if (broken) throw new Error('broken');
    return items;
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map(ask));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  broken = false;
  expect(await Promise.all([1, 2, 3].map(ask))).toEqual([1, 2, 3]);
});
