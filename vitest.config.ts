/** Two projects, one after the other: what needs no network first, then networks, three at a time: they mostly wait. */
import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/.stack/**'];

export default defineConfig({
  test: {
    reporters: ['default', './test/harness/count-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{packages,apps,infra}/**/*.test.ts',
            'test/{architecture,harness,simulation}/**/*.test.ts',
            'test/guarantees/**/{check,linearizable}.test.ts',
            'test/conformance/{flagd-core,flagd-import,documented}.test.ts',
          ],
          exclude,
          testTimeout: 20_000,
          // They leave nothing behind, and a world of modules for each file took as long as all the tests.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'network',
          globalSetup: './test/harness/bundles.ts',
          include: ['test/{stores,e2e,guarantees,faults,conformance}/**/*.test.ts'],
          exclude: [
            ...exclude,
            'test/guarantees/**/{check,linearizable}.test.ts',
            'test/conformance/{flagd-core,flagd-import,documented}.test.ts',
          ],
          maxWorkers: 3,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
