import type { Denial, RepeatedDenial } from '@quantivista/contracts';
import { createMetrics, silentLog } from '@quantivista/runtime';
import { expect, test } from 'vitest';
import { createDenials } from './denials.ts';

const denial = (more: Partial<Denial> = {}): Denial => ({
  caller: 'ann',
  action: 'write',
  resource: 'TEST/risk/a',
  why: 'nothing grants write',
  ...more,
});

/** What is written of these, when the process ends at once. */
async function written(denied: readonly Denial[], failing = 0): Promise<RepeatedDenial[][]> {
  const writes: RepeatedDenial[][] = [];
  const stop = new AbortController();
  const denials = createDenials({
    write: async rows => {
      writes.push([...rows]);
      if (writes.length <= failing) throw new Error('away');
      stop.abort();
    },
    metrics: createMetrics({ process: false }),
    log: silentLog,
    intervalMs: 1,
  });
  for (const each of denied) denials.record(each);
  await denials.run(stop.signal);
  return writes;
}
const total = (rows: readonly RepeatedDenial[]) => rows.reduce((sum, { times }) => sum + times, 0);

test('what is tried alike is one row, with how often', async () => {
  const [rows] = await written([denial(), denial(), denial({ resource: 'TEST/risk/b' }), denial()]);
  expect(rows!.map(({ resource, times }) => [resource, times])).toEqual([
    ['TEST/risk/a', 3],
    ['TEST/risk/b', 1],
  ]);
});

test('what could not be written is written later', async () => {
  const writes = await written([denial(), denial()], 2);
  expect(writes.map(total)).toEqual([2, 2, 2]);
});
