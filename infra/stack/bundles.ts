/**
 * The apps as one file each, for networks that are started by the hundred: finding and reading a thousand modules is
 * most of what a start takes. Made by Bun from the same sources, and kept under a hash of them.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { keep } from './kept.ts';
import { ROOT, type Runtime, runtimes } from './programs.ts';

const APPS = ['apps/authority/src/main.ts', 'apps/read-node/src/main.ts'];
const FOLDER = join(ROOT, 'node_modules/.cache/apps');
/** Those of other sources are kept for so long: somebody may be running tests with them. */
const DAY_MS = 86_400_000;

/** Sources, and what they are made with. */
function hashOfSources(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'pnpm-lock.yaml')));
  for (const folder of ['packages', 'apps']) {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter(name => name.endsWith('.ts') && !name.includes('node_modules')).sort())
      hash.update(file).update(readFileSync(join(ROOT, folder, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

function build(main: string, runtime: Runtime, to: string): void {
  const args = ['build', main, `--target=${runtime}`, '--format=esm', `--outfile=${to}`];
  // A binding that pg can do without, and that is not installed.
  execFileSync(runtimes.bun(), [...args, '--external=pg-native'], { cwd: ROOT });
}

/** Where the bundles are; made where they are missing. */
export function makeBundles(): string {
  const made = join(FOLDER, hashOfSources());
  if (existsSync(made)) return made;
  keep(made, own => {
    for (const main of APPS)
      for (const runtime of ['node', 'bun'] as const) build(main, runtime, bundleOf(own, main, runtime));
    // Beside the folder of the app that reads them, as in packages/audit.
    symlinkSync(join(ROOT, 'packages/audit/migrations'), join(own, 'apps/authority/migrations'));
  });
  for (const name of readdirSync(FOLDER)) {
    const other = join(FOLDER, name);
    if (Date.now() - statSync(other).mtimeMs > DAY_MS) rmSync(other, { recursive: true, force: true });
  }
  return made;
}

/** @param main the app's own file, below the repository's root */
export const bundleOf = (folder: string, main: string, runtime: Runtime): string =>
  join(folder, main.replace(/main\.ts$/, `main.${runtime}.js`));
