/** Flags as they appear in tables and on their own. */
import { type FeatureFlag, offVariant } from '@quantivista/contracts';
import { flagDefinition } from '@quantivista/flags';
import { printable, showShort, showValue } from '../../show.ts';
import { table } from '../../table.ts';
import type { Colors } from '../../terminal.ts';

/** Whom a flag reaches, in a few words. */
export function showState(flag: FeatureFlag): string {
  if (flag.archived) return 'archived';
  if (!flag.enabled) return `off (${printable(offVariant(flag))})`;
  return flag.rollout_percentage === 100 ? 'on' : `on for ${flag.rollout_percentage} %`;
}

/** What it asks of a context, beyond its share. */
function showGates({ conditions, rules = [], prerequisites = [] }: FeatureFlag): string {
  const parts: string[] = [];
  if (Object.keys(conditions).length > 0) parts.push(showShort(conditions));
  if (rules?.length) parts.push(`${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`);
  if (prerequisites?.length) parts.push(`needs ${prerequisites.map(({ flag }) => flag).join(', ')}`);
  return parts.join(' · ');
}

export function flagTable(flags: readonly FeatureFlag[], colors: Colors): string[] {
  if (flags.length === 0) return [colors.dim('no flags')];
  const rows = flags.map(flag => [
    flag.flag_name,
    showState(flag),
    flag.target_services.join(', ') || 'all',
    showGates(flag),
    printable(flag.description),
  ]);
  return table(['FLAG', 'STATE', 'SERVICES', 'CONDITIONS', 'DESCRIPTION'], rows, colors);
}

/** A record with a line for each field. */
export function fieldLines(record: object, colors: Colors): string[] {
  const fields = Object.entries(record);
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => {
    const shown = typeof value === 'string' ? printable(value) : showValue(value);
    return `${colors.dim(name.padEnd(width))}  ${shown}`;
  });
}

/** Whether two flags say the same, whoever wrote them. */
export const isSameFlag = (a: FeatureFlag, b: FeatureFlag): boolean =>
  canonical(flagDefinition(a)) === canonical(flagDefinition(b));

/** Stores reorder maps: names are compared in one order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
