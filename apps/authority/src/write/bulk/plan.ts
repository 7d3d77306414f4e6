/** From what is there and what is wanted to the changes between the two. Pure. */
import {
  type Configuration,
  type Diff,
  type DiffEntry,
  diffOf,
  entityTag,
  isConfidential,
  type Json,
  type Values,
  withheld,
} from '@quantivista/contracts';
import { type ConfigurationValue, deleteConfiguration, setConfiguration } from '../configuration.ts';
import type { RequestedChange } from '../request.ts';
import type { Place, PresentConfiguration, PresentState } from './present.ts';
import type { Sized } from './split.ts';

/** What the values of one service are to be. */
export interface WantedService extends Place {
  readonly values: ReadonlyMap<string, ConfigurationValue>;
  /** Which of the present keys are removed where they are not among the values. */
  readonly removes: (key: string) => boolean;
  /** Where a key stands in the request, for errors. */
  readonly field: (key: string) => string;
}

export interface BulkChange extends Sized {
  readonly entry: DiffEntry;
  /** What it is to be, where it is not removed. */
  readonly value: Json | undefined;
  /** Then the entry does not tell it. */
  readonly confidential: boolean;
  readonly change: RequestedChange;
}

export interface BulkPlan {
  readonly diff: Diff;
  /** One an entry. Each on the condition that the value is still the one that the entry says. */
  readonly changes: readonly BulkChange[];
}

/** Of a record, besides the value: names, times, the description. */
const RECORD_BYTES = 1_000;

/** `present`: of the places of `wanted`, in their order, with their secrets opened as far as they are wanted. */
export function planBulk({ generation, services }: PresentState, wanted: readonly WantedService[]): BulkPlan {
  const parts = wanted.map((each, index) => ({ ...each, present: services[index]! }));
  const diff = diffOf(parts.map(part => ({ ...part, ...statesOf(part) })));
  const partOf = new Map(parts.map(part => [part.service, part]));
  const changes = diff.entries.map((entry): BulkChange => {
    const part = partOf.get(entry.service_name)!;
    const present = part.present.get(entry.config_key);
    const conditions = present ? { ifMatch: entityTag(generation, present.modRevision) } : { ifAbsent: true };
    const path = { environment: part.environment, service: part.service, key: entry.config_key };
    const at = { field: part.field(entry.config_key), conditions };
    const value = part.values.get(entry.config_key);
    const bytes = RECORD_BYTES + (value ? Buffer.byteLength(JSON.stringify(value.value)) : 0);
    const change = value ? setConfiguration(path, value, at) : deleteConfiguration(path, at);
    const [before, next] = [present?.configuration, value && becomes(value, present?.configuration)];
    const confidential = (before !== undefined && isConfidential(before)) || (next ?? false);
    const told = confidential ? withoutValues(entry) : entry;
    return { entry: told, value: value?.value, confidential, change, service: part.service, bytes };
  });
  return { diff: { ...diff, entries: changes.map(({ entry }) => entry) }, changes };
}

/** Whether the value is going to be kept out of sight. */
const becomes = (value: ConfigurationValue, present: Configuration | undefined): boolean =>
  isConfidential({
    config_type: value.configType ?? present?.config_type ?? 'APPLICATION_CONFIG',
    is_encrypted: value.isEncrypted ?? present?.is_encrypted ?? false,
  });

const withoutValues = ({ old_value, new_value, ...entry }: DiffEntry): DiffEntry => ({
  ...entry,
  ...(old_value !== undefined && { old_value: { ...withheld() } }),
  ...(new_value !== undefined && { new_value: { ...withheld() } }),
});

function statesOf({
  values,
  removes,
  present,
}: WantedService & { present: ReadonlyMap<string, PresentConfiguration> }): {
  before: Values;
  after: Values;
} {
  const before = new Map([...present].map(([key, { configuration }]) => [key, configuration.config_value]));
  const after = new Map<string, Json>([...before].filter(([key]) => !removes(key)));
  for (const [key, { value }] of values) after.set(key, value);
  return { before, after };
}
