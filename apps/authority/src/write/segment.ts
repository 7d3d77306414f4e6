/** How a segment is changed. What it would break in flags, the flag rule says. */
import { type Json, Segment, type SegmentUpdate, segmentPath, validationFault } from '@quantivista/contracts';
import { deleteRecord } from './delete.ts';
import { provenance } from './flag.ts';
import type { Conditions, RequestedChange, StoredRecord } from './request.ts';
import { checkValue } from './validate.ts';

interface Place {
  readonly field: string;
  readonly conditions?: Conditions;
}

/** @throws from the plan: ServiceError `invalid_request` where the whole would be no segment */
export const setSegment = (
  name: string,
  { updated_by, reason, ...fields }: SegmentUpdate,
  { field, conditions = {} }: Place,
): RequestedChange => ({
  path: segmentPath(name),
  field,
  conditions,
  next: (present, moment) => {
    const { data, error } = Segment.safeParse({ ...present, ...fields, segment_name: name });
    if (error) throw validationFault(error, field);
    checkValue(data as unknown as Json, field);
    return { ...data, ...provenance(present, moment) } as unknown as StoredRecord;
  },
});

/** @throws from the plan: ServiceError `not_found` */
export const deleteSegment = (name: string, place: Place): RequestedChange =>
  deleteRecord(segmentPath(name), place);
