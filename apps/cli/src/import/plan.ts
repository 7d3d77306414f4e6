/** From what is there and what is wanted to the changes between the two. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigurationMap, Json } from '@quantivista/contracts';
import type { Wanted } from './wanted.ts';

export type PlannedChange =
  | {
      readonly op: 'set';
      readonly service_name: string;
      readonly config_key: string;
      readonly old_value?: Json;
      readonly new_value: Json;
    }
  | {
      readonly op: 'delete';
      readonly service_name: string;
      readonly config_key: string;
      readonly old_value: Json;
    };

export interface Plan {
  /** By service in the order of the file, by key within it; `old_value` is absent for a new key. */
  readonly changes: readonly PlannedChange[];
  /** Number of keys that are as wanted already. */
  readonly unchanged: number;
  /** Every service of the file as it will be: keys that the file does not name remain, unless pruned. */
  readonly services: Readonly<Record<string, ConfigurationMap>>;
}

/** `present`: the map of each wanted service. `prune`: delete its keys that are not wanted. */
export function plan(present: ReadonlyMap<string, ConfigurationMap>, wanted: Wanted, prune: boolean): Plan {
  const changes: PlannedChange[] = [];
  const services: [string, ConfigurationMap][] = [];
  let unchanged = 0;
  for (const [service_name, values] of wanted) {
    const before = new Map(Object.entries(present.get(service_name) ?? {}));
    const after = new Map(before);
    for (const [config_key, new_value] of values) {
      const old_value = before.get(config_key);
      after.set(config_key, new_value);
      if (old_value !== undefined && isDeepStrictEqual(old_value, new_value)) unchanged++;
      else {
        const condition = old_value === undefined ? {} : { old_value };
        changes.push({ op: 'set', service_name, config_key, ...condition, new_value });
      }
    }
    for (const [config_key, old_value] of prune ? before : []) {
      if (values.has(config_key)) continue;
      after.delete(config_key);
      changes.push({ op: 'delete', service_name, config_key, old_value });
    }
    services.push([service_name, Object.fromEntries(after)]);
  }
  return { changes, unchanged, services: Object.fromEntries(services) };
}
