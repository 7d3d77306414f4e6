/**
 * `pnpm faults`: runs the fault tests with partitions of a minute, and writes what each fault cost into
 * docs/faults.md. With names of test files it runs these alone and prints their part of the table.
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
const ALL = ['test/faults', 'test/e2e/age.test.ts'];

const chosen = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'qv-faults-'));
try {
  const file = join(dir, 'recoveries');
  writeFileSync(file, '');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const files = chosen.length > 0 ? chosen : ALL;
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'network', ...files], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { PARTITION_MS: '60000', ...process.env, FAULTS_FILE: file },
  });
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const table = toTable(lines.map(line => JSON.parse(line) as Recovery));
  // A table of which a part is missing would say that nothing was measured.
  if (status === 0 && chosen.length === 0)
    writeFileSync(DOCUMENT, insertTable(readFileSync(DOCUMENT, 'utf8'), table));
  else console.log(table);
  process.exitCode = status ?? 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
