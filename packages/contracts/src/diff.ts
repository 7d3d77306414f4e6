/**
 * What differs between two states: one shape for every endpoint that shows changes, made or to be made
 * (between versions, times and environments; of an import, a promotion, a proposal).
 */
import { z } from '@hono/zod-openapi';
import { type Json, JsonValue } from './configuration.ts';
import { jsonEqual } from './json-equal.ts';
import { ConfigKey, Environment, ServiceName } from './names.ts';

export const DIFF_CHANGES = ['added', 'changed', 'removed'] as const;
export type DiffChange = (typeof DIFF_CHANGES)[number];

/** One key that differs. A value that is not there is absent, since `null` is a value. */
export const DiffEntry = z
  .object({
    environment: Environment.openapi({ description: 'of two environments, the one that is compared to' }),
    service_name: ServiceName,
    config_key: ConfigKey,
    change: z.enum(DIFF_CHANGES),
    old_value: JsonValue.optional().openapi({ description: 'absent where it is added' }),
    new_value: JsonValue.optional().openapi({ description: 'absent where it is removed' }),
  })
  .openapi('DiffEntry');
export type DiffEntry = z.infer<typeof DiffEntry>;

export const DiffTotals = z
  .object({ added: z.int(), changed: z.int(), removed: z.int(), unchanged: z.int() })
  .openapi('DiffTotals');
export type DiffTotals = z.infer<typeof DiffTotals>;

/** Entries by environment, service and key. Totals count all, also where a page holds some entries alone. */
export const Diff = z.object({ entries: z.array(DiffEntry), totals: DiffTotals }).openapi('Diff');
export type Diff = z.infer<typeof Diff>;

/** An entry without its place. */
export type KeyChange = Pick<DiffEntry, 'config_key' | 'change' | 'old_value' | 'new_value'>;

/** Values by key. A Map, since `constructor` is a key like any other. */
export type Values = ReadonlyMap<string, Json>;

/** The changes that make `after` of `before`, by key in the order of code units, and how many keys are the same. */
export function diffMaps(before: Values, after: Values): { changes: KeyChange[]; unchanged: number } {
  const changes: KeyChange[] = [];
  let unchanged = 0;
  for (const config_key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const old_value = before.get(config_key);
    const new_value = after.get(config_key);
    if (old_value === undefined) changes.push({ config_key, change: 'added', new_value: new_value! });
    else if (new_value === undefined) changes.push({ config_key, change: 'removed', old_value });
    else if (!jsonEqual(old_value, new_value))
      changes.push({ config_key, change: 'changed', old_value, new_value });
    else unchanged++;
  }
  return { changes, unchanged };
}

/** A diff of what {@link diffMaps} says of each service. */
export function diffOf(
  parts: Iterable<{ environment: Environment; service: string; before: Values; after: Values }>,
): Diff {
  const entries: DiffEntry[] = [];
  const totals = { added: 0, changed: 0, removed: 0, unchanged: 0 };
  for (const { environment, service, before, after } of parts) {
    const { changes, unchanged } = diffMaps(before, after);
    for (const each of changes) {
      entries.push({ environment, service_name: service, ...each });
      totals[each.change]++;
    }
    totals.unchanged += unchanged;
  }
  return { entries, totals };
}
