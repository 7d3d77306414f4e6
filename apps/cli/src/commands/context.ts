/** What every command is given. */
import type { Api } from '../api.ts';
import type { Settings } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

export interface Context {
  readonly api: Api;
  readonly settings: Settings;
  readonly terminal: Terminal;
}

/** Print `value` as JSON where `--json` was given, else the lines made by `lines`. */
export function present(
  { settings, terminal }: Context,
  value: unknown,
  lines: () => readonly string[],
): void {
  if (settings.json) terminal.out(JSON.stringify(value, null, 2));
  else for (const line of lines()) terminal.out(line);
}
