/** A difference, coloured, and what comes with one that was made or is to be made. */
import type { BulkResult, Diff, DiffEntry, SchemaViolation } from '@quantivista/contracts';
import { describeProblem } from './fault.ts';
import { printable, showShort } from './show.ts';
import type { Colors } from './terminal.ts';

/** Lines: each service with its changes, then the numbers. */
export function showDiff({ entries, totals }: Diff, colors: Colors): string[] {
  const lines: string[] = [];
  for (const [service, ofService] of Map.groupBy(entries, entry => entry.service_name)) {
    lines.push(colors.bold(service), ...ofService.map(entry => `  ${showEntry(entry, colors)}`));
  }
  const numbers = [
    `${totals.added} added`,
    `${totals.changed} changed`,
    ...(totals.removed > 0 ? [`${totals.removed} removed`] : []),
    `${totals.unchanged} unchanged`,
  ];
  return [...lines, colors.dim(numbers.join(', '))];
}

function showEntry({ change, config_key, old_value, new_value }: DiffEntry, colors: Colors): string {
  if (change === 'removed') return colors.red(`- ${config_key} (was ${showShort(old_value)})`);
  const value = showShort(new_value);
  if (change === 'added') return colors.green(`+ ${config_key} = ${value}`);
  return `${colors.yellow(`~ ${config_key}`)} ${colors.red(showShort(old_value))} → ${colors.green(value)}`;
}

export const showViolation = (
  {
    config_key,
    path,
    rule,
    message,
    pattern,
    ...rest
  }: Omit<SchemaViolation, 'environment'> & { environment?: unknown },
  colors: Colors,
): string => {
  const place = [rest.environment, `${rest.service_name}/${config_key}`].filter(part => part !== undefined);
  const within = path === '' ? '' : ` at ${path}`;
  return (
    printable(`${place.join(' ')}${within} ${message} `) +
    colors.dim(printable(`(${rule}, schema ${pattern})`))
  );
};

/** The difference, what it would be refused for, and the transactions that were made. */
export function showBulk(result: BulkResult, colors: Colors): string[] {
  const made =
    result.transactions.length > 1
      ? `revision ${result.revision} (${result.transactions.length} transactions)`
      : `revision ${result.revision}`;
  return [
    ...showDiff(result, colors),
    ...result.violations.map(each => `${colors.red('refused:')} ${showViolation(each, colors)}`),
    ...result.refusals.map(each => `${colors.red('refused:')} ${describeProblem(each)}`),
    ...(result.dry_run ? [] : [result.revision === null ? 'nothing to change' : made]),
  ];
}
