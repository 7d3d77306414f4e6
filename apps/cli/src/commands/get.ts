/** `qvc get`: a service's values, or one configuration with all that is known of it. */
import type { PastQuery } from '../api.ts';
import { UsageError } from '../fault.ts';
import { printable, showValue } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { requireKey, requireService } from './names.ts';

/** `past`: as it was, at a version or at a revision or time. */
export async function get(
  context: Context,
  service: string,
  key: string | undefined,
  past: PastQuery,
): Promise<void> {
  requireService(service);
  if (key === undefined) await getMap(context, service, past);
  else await getKey(context, service, key, past);
}

async function getMap(context: Context, service: string, { version, at, ...of }: PastQuery): Promise<void> {
  if (version !== undefined) throw new UsageError('--version is of one key: give a key, or --at');
  const reply = at === undefined ? context.api.readMap(service, of) : context.api.pastMap(service, at);
  const { body: map, revision, ageS } = await reply;
  const { colors } = context.terminal;
  present(context, map, () => {
    const rows = Object.entries(map).map(([key, value]) => [key, showValue(value)]);
    const count = rows.length === 1 ? '1 key' : `${rows.length} keys`;
    const state = [count, context.settings.environment, ...stateParts(revision, ageS)].join(' · ');
    return [...(rows.length > 0 ? table(['KEY', 'VALUE'], rows, colors) : []), colors.dim(state)];
  });
}

async function getKey(context: Context, service: string, key: string, past: PastQuery): Promise<void> {
  requireKey(key);
  const now = past.version === undefined && past.at === undefined;
  const reply = now ? context.api.readKey(service, key, past) : context.api.pastKey(service, key, past);
  const { body: configuration, revision, ageS } = await reply;
  const { colors } = context.terminal;
  present(context, configuration, () => {
    const rows = Object.entries(configuration).map(([field, value]) => [
      field,
      field === 'config_value' || typeof value !== 'string' ? showValue(value) : printable(value),
    ]);
    const width = Math.max(...rows.map(([field]) => field!.length));
    const lines = rows.map(([field, value]) => `${colors.dim(field!.padEnd(width))}  ${value}`);
    return [...lines, colors.dim(stateParts(revision, ageS).join(' · '))];
  });
}

function stateParts(revision: number | undefined, ageS: number | undefined): string[] {
  const parts: string[] = [];
  if (revision !== undefined) parts.push(`revision ${revision}`);
  if (ageS !== undefined && Number.isFinite(ageS)) parts.push(`${ageS} s old`);
  return parts;
}
