/** Whether the conditions of a change hold of the record's present state. */
import { isDeepStrictEqual } from 'node:util';
import { entityTag, type Json, type RecordKind, ServiceError, someMatch } from '@quantivista/contracts';
import type { RequestedChange, StoredRecord } from './request.ts';

/** A record's present state. */
export interface Present {
  readonly record: StoredRecord;
  readonly modRevision: number;
}

/** What of a record is its value, in conditions and in the trail: of a configuration its value alone. */
export const recordedValue = (kind: RecordKind, record: StoredRecord | undefined): Json => {
  if (record === undefined) return null;
  return kind === 'configuration' ? (record.config_value ?? null) : (record as unknown as Json);
};

/** @throws ServiceError `conflict`, with the present state, where one does not hold */
export function checkConditions(
  { path, conditions }: RequestedChange,
  present: Present | undefined,
  generation: string,
): void {
  const { oldValue, ifMatch, ifAbsent } = conditions;
  const refuse = (message: string): never => {
    throw new ServiceError('conflict', {
      message,
      details: {
        config_key: path.key,
        current: present?.record ?? null,
        current_revision: present?.modRevision ?? null,
      },
    });
  };
  if (ifAbsent && present) refuse('the key exists');
  if (oldValue !== undefined && !isDeepStrictEqual(oldValue, recordedValue(path.kind, present?.record))) {
    refuse('old_value is not the present value');
  }
  if (ifMatch !== undefined && !(present && someMatch(ifMatch, entityTag(generation, present.modRevision)))) {
    refuse('If-Match is not the present entity tag');
  }
}
