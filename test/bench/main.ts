/** `pnpm bench NAME`: each benchmark measures beside its reference, in one run, and reports a ratio. */
import process from 'node:process';
import { benchAudit } from './audit.ts';
import { benchCrowds } from './crowds.ts';
import { benchFanout } from './fanout.ts';
import { benchFlags } from './flags.ts';
import { benchLoad } from './load.ts';
import { benchPropagation } from './propagation.ts';
import { benchSecrets } from './secrets.ts';
import { benchWrite } from './write.ts';

const BENCHMARKS: Record<string, (args: string[]) => Promise<void>> = {
  audit: benchAudit,
  crowds: benchCrowds,
  fanout: benchFanout,
  flags: benchFlags,
  load: benchLoad,
  propagation: benchPropagation,
  secrets: benchSecrets,
  write: benchWrite,
};

const [name = '', ...args] = process.argv.slice(2);
const run = BENCHMARKS[name];
if (!run) {
  console.error(`usage: pnpm bench ${Object.keys(BENCHMARKS).join('|')}`);
  process.exit(2);
}
await run(args);
