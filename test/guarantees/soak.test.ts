/** A short soak: as `pnpm soak`, but small. SEED repeats a run. */
import { expect, test } from 'vitest';
import { withSoakNetwork } from './live/network.ts';
import { soak } from './live/run.ts';
import { summary, violationReport } from './live/summary.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

test('faults in an order of chance, under writes and watchers, break no guarantee', {
  timeout: 300_000,
}, async () => {
  const result = await withSoakNetwork(network =>
    soak({ network, faults: 6, watchers: 300, services: 20, rate: 50, seed: SEED, threads: 1 }),
  );
  console.log(`seed ${SEED}\n${summary(result)}`);
  expect(result.violations, violationReport(result, SEED)).toEqual([]);
  // Or the run has proven nothing.
  expect(result.struck.length).toBe(6);
  expect(result.writes.acknowledged).toBeGreaterThan(100);
});
