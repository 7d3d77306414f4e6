/**
 * The apps as one file each, for networks that are started by the hundred: finding, reading and compiling a thousand
 * modules is most of what a start takes. Made by Bun from the same sources, and kept under a hash of them: with its
 * bytecode for Bun, beside Node's cache of compiled code for Node.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { keep } from './kept.ts';
import { ROOT, type Runtime, runtimes } from './programs.ts';

/** How an app is started. */
export interface AppCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The authority serves TLS on Node alone. */
const MADE: readonly (readonly [main: string, runtime: Runtime])[] = [
  ['apps/authority/src/main.ts', 'node'],
  ['apps/read-node/src/main.ts', 'node'],
  ['apps/read-node/src/main.ts', 'bun'],
];
const FOLDER = join(ROOT, 'node_modules/.cache/apps');
/** Settings come from the environment alone. */
const WITHOUT_FILES = ['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'];
/** Those of other sources are kept for so long: somebody may be running tests with them. */
const DAY_MS = 86_400_000;

/** Sources, and what they are made with. */
function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'infra/stack/bundles.ts'])
    hash.update(readFileSync(join(ROOT, file)));
  for (const folder of ['packages', 'apps']) {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter(name => name.endsWith('.ts') && !name.includes('node_modules')).sort())
      hash.update(file).update(readFileSync(join(ROOT, folder, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

const fileOf = (folder: string, main: string, runtime: Runtime): string =>
  join(folder, main.replace(/main\.ts$/, runtime === 'bun' ? 'main.bun' : 'main.mjs'));

/** @param main the app's own file, below the repository's root. @param folder what {@link makeBundles} has answered */
export function bundled(folder: string, main: string, runtime: Runtime): AppCommand {
  const file = fileOf(folder, main, runtime);
  if (runtime === 'bun') return { command: file, args: [], env: {} };
  // Portable: it is made before the folder has its name.
  const env = { NODE_COMPILE_CACHE: join(folder, 'compiled'), NODE_COMPILE_CACHE_PORTABLE: '1' };
  return { command: runtimes.node(), args: [file], env };
}

function build(folder: string, main: string, runtime: Runtime): void {
  const made = ['build', join(ROOT, main), '--format=esm', `--outfile=${fileOf(folder, main, runtime)}`];
  const kind =
    runtime === 'bun' ? ['--target=bun', '--compile', '--bytecode', ...WITHOUT_FILES] : ['--target=node'];
  // A binding that pg can do without, and that is not installed.
  execFileSync(runtimes.bun(), [...made, ...kind, '--external=pg-native']);
  // Said and done: what was compiled for it is in the cache now.
  const { command, args, env } = bundled(folder, main, runtime);
  execFileSync(command, [...args, '--help'], { env: { ...process.env, ...env } });
}

/** Where the bundles are; made where they are missing. */
export function makeBundles(): string {
  const made = join(FOLDER, hashOfSources());
  if (existsSync(made)) return made;
  keep(made, own => {
    for (const [main, runtime] of MADE) build(own, main, runtime);
    // Beside the folder of the app that reads them, as in packages/audit.
    symlinkSync(join(ROOT, 'packages/audit/migrations'), join(own, 'apps/authority/migrations'));
  });
  for (const name of readdirSync(FOLDER)) {
    const other = join(FOLDER, name);
    if (Date.now() - statSync(other).mtimeMs > DAY_MS) rmSync(other, { recursive: true, force: true });
  }
  return made;
}
