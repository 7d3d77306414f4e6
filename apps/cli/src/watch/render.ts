/** A change as a coloured line: what, from what to what, who, why, and with which revision. */
import { printable, showShort } from '../show.ts';
import type { Colors } from '../terminal.ts';
import type { SeenChange } from './view.ts';

/** The line of a change seen at `at`. */
export function renderChange(change: SeenChange, at: Date, colors: Colors): string {
  const { kind, key, before, after, revision, conflatedFrom, by, reason, version } = change;
  const values = {
    added: () => colors.green(`+ ${key} = ${showShort(after)}`),
    changed: () =>
      `${colors.yellow(`~ ${key}`)} ${colors.red(showShort(before))} → ${colors.green(showShort(after))}`,
    removed: () => colors.red(`- ${key} (was ${showShort(before)})`),
  }[kind]();
  const about = [
    by === undefined ? 'while away' : `${conflatedFrom === undefined ? 'by' : 'last by'} ${printable(by)}`,
    ...(reason ? [printable(reason)] : []),
    ...(version === undefined ? [] : [`version ${version}`]),
    // Between them there may have been others that nobody here was told of.
    conflatedFrom === undefined
      ? `revision ${revision}`
      : `revisions ${conflatedFrom + 1}–${revision} as one`,
  ];
  return `${colors.dim(at.toTimeString().slice(0, 8))} ${values} ${colors.dim(about.join(' · '))}`;
}
