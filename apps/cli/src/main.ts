/** `qvc`, as a process. */
import process from 'node:process';
import { run } from './run.ts';
import { createTerminal } from './terminal.ts';

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
function interruption(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  return stop.signal;
}

process.exitCode = await run(process.argv.slice(2), {
  terminal: createTerminal(),
  folder: process.cwd(),
  interruption,
});
