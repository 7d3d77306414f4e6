/** `qvc`, as a process. */
import process from 'node:process';
import { run } from './run.ts';
import { createTerminal } from './terminal.ts';

const stop = new AbortController();
// The first signal ends a watch in order; a second one ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
    if (!process.argv.includes('watch')) process.kill(process.pid, signal);
  });
}
process.exitCode = await run(process.argv.slice(2), {
  terminal: createTerminal(),
  folder: process.cwd(),
  signal: stop.signal,
});
