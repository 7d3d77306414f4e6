/** How a flag is changed: what its next state is. That all it refers to is there, the flag rule says. */
import {
  FeatureFlag,
  type FeatureFlagUpdate,
  flagPath,
  type Json,
  validationFault,
} from '@quantivista/contracts';
import { updateFlag } from '@quantivista/flags';
import { deleteRecord } from './delete.ts';
import type { Conditions, Moment, RequestedChange, StoredRecord } from './request.ts';
import { checkValue } from './validate.ts';

interface Place {
  /** Where the change stands in the request. */
  readonly field: string;
  readonly conditions?: Conditions;
}

/** Who made a record and when, and who changed it last: of flags and segments. */
export const provenance = (present: StoredRecord | undefined, { version, now, actor }: Moment) => ({
  version,
  created_by: present?.created_by ?? actor,
  created_at: present?.created_at ?? now,
  updated_by: actor,
  updated_at: now,
});

/** @throws from the plan: ServiceError `invalid_request` where the whole would be no flag */
export const setFlag = (
  name: string,
  update: FeatureFlagUpdate,
  { field, conditions = {} }: Place,
): RequestedChange => ({
  path: flagPath(name),
  field,
  conditions,
  next: (present, moment) => {
    const { data, error } = updateFlag(name, present as FeatureFlag | undefined, update);
    if (error) throw validationFault(error, field);
    checkValue(data as unknown as Json, field);
    return { ...data, ...provenance(present, moment) } as unknown as StoredRecord;
  },
});

/** The flag as it was, in a new version. @throws from the plan: ServiceError `invalid_request` where it is none any more */
export const restoreFlag = (
  name: string,
  stored: Json,
  { field, conditions = {} }: Place,
): RequestedChange => ({
  path: flagPath(name),
  field,
  conditions,
  next: (present, moment) => {
    const { data, error } = FeatureFlag.safeParse(stored);
    if (error) throw validationFault(error, field);
    const before = present ?? (data as unknown as StoredRecord);
    return { ...data, ...provenance(before, moment) } as unknown as StoredRecord;
  },
});

/** @throws from the plan: ServiceError `not_found` */
export const deleteFlag = (name: string, place: Place): RequestedChange =>
  deleteRecord(flagPath(name), place);
