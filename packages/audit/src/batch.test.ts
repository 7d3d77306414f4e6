import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createBatch } from './batch.ts';

const later = () => new Promise(resolve => setImmediate(resolve));

test('those that come at once go together, and those that come meanwhile', async () => {
  const batches: number[][] = [];
  const add = createBatch<number, number>(
    async items => {
      batches.push([...items]);
      await later();
      return items.map(each => each * 10);
    },
    { inFlight: 1, most: 3 },
  );
  const first = [1, 2].map(add);
  await later();
  const others = [3, 4, 5, 6].map(add);
  expect(await Promise.all([...first, ...others])).toEqual([10, 20, 30, 40, 50, 60]);
  expect(batches).toEqual([[1, 2], [3, 4, 5], [6]]);
});

test('each gets its own result, however they come and whichever fail', async () => {
  const items = fc.array(fc.record({ bad: fc.boolean(), wait: fc.nat({ max: 2 }) }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(items, fc.integer({ min: 1, max: 3 }), async (wanted, inFlight) => {
      let most = 0;
      let running = 0;
      const add = createBatch<{ bad: boolean; id: number }, number>(
        async batch => {
          most = Math.max(most, ++running);
          await later();
          running--;
          if (batch.some(({ bad }) => bad)) throw new Error('refused');
          return batch.map(({ id }) => id);
        },
        { inFlight, most: 4 },
      );
      const settled = await Promise.allSettled(
        wanted.map(async ({ bad, wait }, id) => {
          for (let turn = 0; turn < wait; turn++) await later();
          return add({ bad, id });
        }),
      );
      for (const [id, { bad }] of wanted.entries()) {
        if (bad) expect(settled[id]!.status).toBe('rejected');
        else expect(settled[id]).toEqual({ status: 'fulfilled', value: id });
      }
    }),
  );
});

test('a failure of one alone is its own', async () => {
  const run = vi.fn(async () => {
    throw new Error('gone');
  });
  await expect(createBatch(run)(1)).rejects.toThrow('gone');
  expect(run).toHaveBeenCalledTimes(1);
});
