/** The schemas of a service as they stand, compiled; those that were compiled before are remembered. */
import {
  type Json,
  patternHolds,
  type SchemaViolation,
  serviceSchemasPrefix,
  type ValueSchema,
} from '@quantivista/contracts';
import type { StoredEntry } from '@quantivista/snapshot';
import type { RecordView } from '../../follow/record-view.ts';
import { compileSchema, learnDraft, SchemaError, type Validator } from './compile.ts';

export interface StandingSchema {
  readonly record: ValueSchema;
  /** Compiles at the first call: within a time limit. */
  validator(): Validator;
}

export interface ServiceSchemas {
  /** As of which they were read. */
  readonly revision: number;
  readonly schemas: readonly StandingSchema[];
}

/** Compiled schemas kept: of up to 32 kB of JSON each. */
const CAPACITY = 1_000;

export interface SchemaReader {
  /** @param view where they are read from; the store itself without it. @throws ServiceError `store_unavailable` */
  read(service: string, view?: RecordView): Promise<ServiceSchemas>;
}

export function createSchemaReader(store: RecordView): SchemaReader {
  /** By key in etcd, in order of last use. The entry says whether it is still the one that was compiled. */
  const remembered = new Map<string, { entry: StoredEntry; standing: StandingSchema }>();

  function standing(entry: StoredEntry): StandingSchema {
    const known = remembered.get(entry.key);
    // By value too: after a restore another schema may stand there at the same revision.
    const same = known?.entry.modRevision === entry.modRevision && known.entry.value === entry.value;
    const kept = known && same ? known : { entry, standing: standingSchema(JSON.parse(entry.value)) };
    remembered.delete(entry.key);
    remembered.set(entry.key, kept);
    if (remembered.size > CAPACITY) remembered.delete(remembered.keys().next().value!);
    return kept.standing;
  }

  return {
    read: async (service, view = store) => {
      const { revision, entries } = await view.list(serviceSchemasPrefix(service));
      return { revision, schemas: entries.map(standing) };
    },
  };
}

/** A schema that holds, or is to hold. To be called outside of the limit within which it will be compiled. */
export function standingSchema(record: ValueSchema): StandingSchema {
  learnDraft();
  let validator: Validator | undefined;
  return {
    record,
    validator: () => {
      validator ??= usable(record);
      return validator;
    },
  };
}

/** One that was put by a version that knew more keywords admits no value, until it is put again. */
function usable({ schema }: ValueSchema): Validator {
  try {
    return compileSchema(schema);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    return () => ({
      path: '',
      rule: '$schema',
      message: `has a schema that can't be used: ${error.message}`,
    });
  }
}

/** Those of `schemas` that hold for a key. */
export const schemasOf = (schemas: readonly StandingSchema[], key: string): StandingSchema[] =>
  schemas.filter(({ record }) => patternHolds(record.pattern, key));

/** A value of a service. */
export interface PlacedValue {
  readonly environment: SchemaViolation['environment'];
  readonly service_name: string;
  readonly config_key: string;
  readonly value: Json;
  /** What is wrong with it is not told: a path or a name may be a part of it. */
  readonly confidential?: boolean;
}

/** How a value breaks the schemas that hold for it: the first rule of each. */
export function violationsOf(
  { value, confidential, ...place }: PlacedValue,
  schemas: readonly StandingSchema[],
): SchemaViolation[] {
  return schemasOf(schemas, place.config_key).flatMap(({ record, validator }) => {
    const fault = validator()(value);
    if (!fault) return [];
    const told = confidential ? { ...fault, path: '', message: 'is not as it should be' } : fault;
    return [{ ...place, pattern: record.pattern, ...told }];
  });
}
