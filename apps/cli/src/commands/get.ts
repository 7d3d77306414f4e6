/** `qvc get`: a service's values, or one configuration with all that is known of it. */
import { printable, showValue } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { requireKey, requireService } from './names.ts';

export async function get(context: Context, service: string, key: string | undefined): Promise<void> {
  requireService(service);
  if (key === undefined) await getMap(context, service);
  else await getKey(context, service, key);
}

async function getMap(context: Context, service: string): Promise<void> {
  const { body: map, revision, ageS } = await context.api.readMap(service);
  const { colors } = context.terminal;
  present(context, map, () => {
    const rows = Object.entries(map).map(([key, value]) => [key, showValue(value)]);
    const count = rows.length === 1 ? '1 key' : `${rows.length} keys`;
    const state = [count, context.settings.environment, ...stateParts(revision, ageS)].join(' · ');
    return [...(rows.length > 0 ? table(['KEY', 'VALUE'], rows, colors) : []), colors.dim(state)];
  });
}

async function getKey(context: Context, service: string, key: string): Promise<void> {
  requireKey(key);
  const { body: configuration, revision, ageS } = await context.api.readKey(service, key);
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
