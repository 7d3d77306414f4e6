/** A plan as a coloured difference. */
import { showShort } from '../show.ts';
import type { Colors } from '../terminal.ts';
import type { Plan, PlannedChange } from './plan.ts';

/** Lines: each service with its changes, then the numbers. */
export function showPlan({ changes, unchanged }: Plan, colors: Colors): string[] {
  const lines: string[] = [];
  for (const [service, ofService] of Map.groupBy(changes, change => change.service_name)) {
    lines.push(colors.bold(service), ...ofService.map(change => `  ${showChange(change, colors)}`));
  }
  const count = (what: PlannedChange[]) => what.length;
  const added = count(changes.filter(({ op, old_value }) => op === 'set' && old_value === undefined));
  const deleted = count(changes.filter(({ op }) => op === 'delete'));
  const numbers = [
    `${added} added`,
    `${changes.length - added - deleted} changed`,
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    `${unchanged} unchanged`,
  ];
  return [...lines, colors.dim(numbers.join(', '))];
}

function showChange(change: PlannedChange, colors: Colors): string {
  if (change.op === 'delete')
    return colors.red(`- ${change.config_key} (was ${showShort(change.old_value)})`);
  const value = showShort(change.new_value);
  if (change.old_value === undefined) return colors.green(`+ ${change.config_key} = ${value}`);
  const before = colors.red(showShort(change.old_value));
  return `${colors.yellow(`~ ${change.config_key}`)} ${before} → ${colors.green(value)}`;
}
