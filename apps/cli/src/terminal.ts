/** Where a command writes: results to `out`, everything about the way there to `err`. */
import process from 'node:process';
import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

export interface Terminal {
  /** A line of the result. */
  out(line: string): void;
  /** A line beside it: warnings, reconnects, errors. */
  err(line: string): void;
  /** Text of the progress bar, which moves within one line; absent where nobody watches. */
  readonly progress: ((text: string) => void) | undefined;
  readonly colors: Colors;
}

/** The process's own terminal. Ends quietly where the reader of the output has left (`qvc … | head`). */
export function createTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    out: line => process.stdout.write(`${line}\n`),
    err: line => process.stderr.write(`${line}\n`),
    progress: process.stderr.isTTY ? text => process.stderr.write(text) : undefined,
    colors: picocolors.createColors(),
  };
}
