/** `pnpm bench NAME`: each benchmark measures beside its reference, in one run, and reports a ratio. */
import process from 'node:process';
import { benchFlags } from './flags.ts';
import { benchPropagation } from './propagation.ts';

const BENCHMARKS: Record<string, (args: string[]) => Promise<void>> = {
  flags: benchFlags,
  propagation: benchPropagation,
};

const [name = '', ...args] = process.argv.slice(2);
const run = BENCHMARKS[name];
if (!run) {
  console.error(`usage: pnpm bench ${Object.keys(BENCHMARKS).join('|')}`);
  process.exit(2);
}
await run(args);
