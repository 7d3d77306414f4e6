/** A change as a coloured line: what, from what to what, who, why, and with which revision. */
import { printable, showValue } from '../show.ts';
import type { Colors } from '../terminal.ts';
import type { SeenChange } from './view.ts';

/** The line of a change seen at `at`. */
export function renderChange(change: SeenChange, at: Date, colors: Colors): string {
  const { kind, key, before, after, revision, by, reason, version } = change;
  const values = {
    added: () => colors.green(`+ ${key} = ${showValue(after)}`),
    changed: () =>
      `${colors.yellow(`~ ${key}`)} ${colors.red(showValue(before))} → ${colors.green(showValue(after))}`,
    removed: () => colors.red(`- ${key} (was ${showValue(before)})`),
  }[kind]();
  const about = [
    by === undefined ? 'while away' : `by ${printable(by)}`,
    ...(reason ? [printable(reason)] : []),
    ...(version === undefined ? [] : [`version ${version}`]),
    `revision ${revision}`,
  ];
  return `${colors.dim(at.toTimeString().slice(0, 8))} ${values} ${colors.dim(about.join(' · '))}`;
}
