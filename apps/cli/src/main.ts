/** `qvc`, as a process. */
import { enableCompileCache } from 'node:module';
import process from 'node:process';

// Most of what a command takes is compiling what it is made of: what is imported from here on is compiled once.
enableCompileCache();
const { run } = await import('./run.ts');
const { createTerminal } = await import('./terminal.ts');

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
