/** `qvc flag usage` and `qvc flag stale`: which flags are used, and whom a rollout has really reached. */
import type { FlagUsage, FlagUsageList } from '@quantivista/contracts';
import { printable } from '../../show.ts';
import { table } from '../../table.ts';
import type { Colors } from '../../terminal.ts';
import { type Context, present } from '../context.ts';

export interface UsageOptions {
  readonly since?: string;
  readonly step?: string;
  readonly archived?: boolean;
}

/** @param name of one flag; without it all of them */
export async function flagUsage(
  context: Context,
  name: string | undefined,
  { archived = false, step, ...options }: UsageOptions,
): Promise<void> {
  const { since } = options;
  const { flags: api } = context.api;
  const { colors } = context.terminal;
  if (name === undefined) {
    const list = await api.usage({ since, archived: String(archived) });
    present(context, list, () => usageLines(list, 'no flags', colors));
  } else {
    const { body } = await api.usageOf(name, { since, step });
    present(context, body, () => flagLines(body, colors));
  }
}

export async function staleFlags(
  context: Context,
  { for: unusedFor, archived = false }: { for: string; archived?: boolean },
): Promise<void> {
  const list = await context.api.flags.usage({ unused_for: unusedFor, archived: String(archived) });
  const { colors } = context.terminal;
  present(context, list, () => usageLines(list, `no flag is known to be unused for ${unusedFor}`, colors));
}

/** What the counts are worth: since when they are, and what they leave out. */
const footing = ({ since, counting_since }: FlagUsage | FlagUsageList): string =>
  counting_since === null
    ? 'no node has told of any evaluation yet'
    : `evaluations since ${since} · counted since ${counting_since}`;

function usageLines(list: FlagUsageList, none: string, colors: Colors): string[] {
  const { flags, other } = list;
  const rows = flags.map(({ flag_name, archived, last_seen, evaluations }) => [
    archived ? `${flag_name} (archived)` : flag_name,
    last_seen ?? 'never',
    String(evaluations),
  ]);
  return [
    ...(rows.length > 0 ? table(['FLAG', 'LAST SEEN', 'EVALUATIONS'], rows, colors) : [colors.dim(none)]),
    ...(other > 0 ? [`${other} evaluations of flags that there was no room to name`] : []),
    colors.dim(footing(list)),
  ];
}

function flagLines(usage: FlagUsage, colors: Colors): string[] {
  const { evaluations, last_seen, rollout_percentage, reached_percentage, variants, regions, series } = usage;
  const reached =
    rollout_percentage === null || reached_percentage === null
      ? []
      : [`rollout ${rollout_percentage} % · reached ${reached_percentage} %`];
  const named = (variant: string | null) => (variant === null ? '(none)' : printable(variant));
  const shares = variants.map(each => [named(each.variant), String(each.evaluations), `${each.share} %`]);
  return [
    `${evaluations} evaluations · last seen ${last_seen ?? 'never'}`,
    ...reached,
    ...(shares.length > 0 ? table(['VARIANT', 'EVALUATIONS', 'SHARE'], shares, colors) : []),
    ...(regions.length > 0
      ? table(
          ['REGION', 'EVALUATIONS'],
          regions.map(each => [each.region, String(each.evaluations)]),
          colors,
        )
      : []),
    ...(series.length > 0
      ? table([usage.step.toUpperCase(), ...variants.map(each => named(each.variant))], steps(usage), colors)
      : []),
    colors.dim(footing(usage)),
  ];
}

/** A row for each minute or hour in which there was any evaluation, a column for each variant. */
function steps({ series, variants }: FlagUsage): string[][] {
  const rows = new Map<string, Map<string | null, number>>();
  for (const { at, variant, evaluations } of series) {
    const row = rows.get(at) ?? new Map();
    rows.set(at, row.set(variant, evaluations));
  }
  return [...rows].map(([at, row]) => [at, ...variants.map(({ variant }) => String(row.get(variant) ?? 0))]);
}
