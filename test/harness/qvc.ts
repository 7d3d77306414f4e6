/** `qvc` as a person runs it, in this process. */
import { stripVTControlCharacters } from 'node:util';
import { run } from '../../apps/cli/src/run.ts';
import { createTerminal } from '../../apps/cli/src/terminal.ts';

export interface QvcRun {
  readonly code: number;
  /** Lines, without colours. */
  readonly out: string[];
  readonly err: string[];
}

export interface QvcOptions {
  /** Where it runs. */
  readonly folder: string;
  /** Its interruption. @default it is not interrupted */
  readonly signal?: AbortSignal;
  /** Filled while it runs. @default a list of its own */
  readonly out?: string[];
}

const { colors } = createTerminal();

export async function runQvc(args: readonly string[], options: QvcOptions): Promise<QvcRun> {
  const { folder, signal = new AbortController().signal, out = [] } = options;
  const err: string[] = [];
  const terminal = {
    out: (line: string) => out.push(...stripVTControlCharacters(line).split('\n')),
    err: (line: string) => err.push(stripVTControlCharacters(line)),
    progress: undefined,
    colors,
  };
  const code = await run([...args], { terminal, folder, interruption: () => signal });
  return { code, out, err };
}
