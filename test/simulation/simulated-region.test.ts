import { expect, test } from 'vitest';
import { describeRegion } from '../stores/region-cases.ts';
import { createSimulatedRegion } from './simulated-region.ts';

describeRegion(() => {
  const region = createSimulatedRegion({ blockMs: 20 });
  return { writer: region.writer(), reader: region.reader() };
});

test('the stream is trimmed to its newest entries', async () => {
  const region = createSimulatedRegion({ blockMs: 20, streamLength: 100 });
  const [writer, reader] = [region.writer(), region.reader()];
  await writer.publish({ generation: undefined, revision: undefined }, 'g', 1, [
    { key: 'a', value: '1', modRevision: 1 },
  ]);
  for (let to = 2; to <= 400; to++)
    await writer.apply('g', [{ from: to - 1, to, changes: [{ key: 'a', value: String(to) }] }]);
  const tail = await reader.tail('g', 1_000);
  expect(tail.length).toBeGreaterThanOrEqual(100);
  expect(tail.length).toBeLessThan(200);
  expect(tail.at(-1)?.revision).toBe(400);
});

test('wiped, it is empty, and whoever waits waits on', async () => {
  const region = createSimulatedRegion({ blockMs: 20 });
  await region
    .writer()
    .publish({ generation: undefined, revision: undefined }, 'g', 1, [
      { key: 'a', value: '1', modRevision: 1 },
    ]);
  const waiting = region.reader().next('g', 1);
  region.wipe();
  expect(region.state()).toEqual({ generation: undefined, revision: undefined });
  expect(await waiting).toEqual([]);
});
