/**
 * `pnpm faults`: runs the fault tests with partitions of a minute, and the crowds, and writes what each fault
 * cost into docs/faults.md. FAULTS_ALSO names a file of what another run has recorded: its rows go in too. With
 * names of test files it runs these alone and prints their part of the table.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import type { Recovery } from '../harness/recovery.ts';
import { insertTable, toTable } from './table.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCUMENT = join(ROOT, 'docs/faults.md');
const TESTS = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'network'];
const ALL = ['test/faults', 'test/e2e/age.test.ts'];
const CROWDS = ['test/bench/main.ts', 'crowds'];

const chosen = process.argv.slice(2);
const also = process.env.FAULTS_ALSO;
const dir = mkdtempSync(join(tmpdir(), 'qv-faults-'));
try {
  const file = join(dir, 'recoveries');
  writeFileSync(file, also === undefined ? '' : readFileSync(also));
  // One at a time: what one costs must not be measured in another.
  const runs = chosen.length > 0 ? [[...TESTS, ...chosen]] : [[...TESTS, '--maxWorkers=1', ...ALL], CROWDS];
  const env = { PARTITION_MS: '60000', ...process.env, FAULTS_FILE: file };
  const failed = runs.find(
    args => spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env }).status !== 0,
  );
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const table = toTable(lines.map(line => JSON.parse(line) as Recovery));
  // A table of which a part is missing would say that nothing was measured.
  if (!failed && chosen.length === 0)
    writeFileSync(DOCUMENT, insertTable(readFileSync(DOCUMENT, 'utf8'), table));
  else console.log(table);
  process.exitCode = failed ? 1 : 0;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
