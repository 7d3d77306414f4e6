/**
 * The last lines of a test run, plain: what was skipped and for which reason, then, for whoever reads it by
 * machine, `N passed, N failed`.
 */
import type { Reporter, TestModule } from 'vitest/node';

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandled.length;
    const reasons = new Set<string>();
    for (const module of modules) {
      // A file that can't be loaded has no tests to fail, and still it failed.
      failed += module.errors().length;
      // Nor do those count whose `beforeAll` failed.
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result() as { state: string; note?: string };
        if (state === 'skipped' && note) reasons.add(`skipped: ${test.fullName}: ${note}`);
        if (state === 'passed') passed++;
        if (state === 'failed') failed++;
      }
    }
    for (const reason of reasons) process.stdout.write(`${reason}\n`);
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}
