/** How a schema is set: what its next state is. */
import { fieldFault, type SchemaUpdate, schemaPath, type ValueSchema } from '@quantivista/contracts';
import { OutOfTime, withinTime } from '../../time-limit.ts';
import type { Conditions, RequestedChange, StoredRecord } from '../request.ts';
import { checkValue } from '../validate.ts';
import { checkAdmissible } from './admissible.ts';
import { compileSchema, learnDraft, SchemaError } from './compile.ts';

const COMPILE_LIMIT_MS = 500;

/** That a schema can be used. @throws ServiceError `invalid_request`, `too_large`, naming the field within `field` */
export function checkSchema(schema: SchemaUpdate['schema'], field: string): void {
  checkAdmissible(schema, field);
  checkValue(schema, field);
  learnDraft();
  try {
    withinTime(COMPILE_LIMIT_MS, () => compileSchema(schema));
  } catch (error) {
    if (error instanceof SchemaError) {
      throw fieldFault(field + error.pointer.replaceAll('/', '.'), error.message);
    }
    if (error instanceof OutOfTime) throw fieldFault(field, `compiling it: ${error.message}`);
    throw error;
  }
}

export interface SchemaPlace {
  readonly service: string;
  readonly pattern: string;
}

/** A change of a schema that {@link checkSchema} has admitted. `forced`: also where present values break it. */
export const setSchema = (
  { service, pattern }: SchemaPlace,
  { schema, description, forced }: Pick<SchemaUpdate, 'schema' | 'description'> & { forced: boolean },
  { field, conditions = {} }: { field: string; conditions?: Conditions },
): RequestedChange => ({
  path: schemaPath(service, pattern),
  field,
  conditions,
  next: (present, { version, now, actor }) => {
    const before = present as ValueSchema | undefined;
    const record: ValueSchema = {
      service_name: service,
      pattern,
      schema,
      description: description ?? before?.description ?? '',
      forced,
      version,
      created_at: before?.created_at ?? now,
      updated_at: now,
      updated_by: actor,
    };
    return record as unknown as StoredRecord;
  },
});
