/** How a record of any kind is deleted. Its versions remain, and are counted on when it is created again. */
import { type RecordPath, ServiceError } from '@quantivista/contracts';
import type { Conditions, RequestedChange } from './request.ts';

/** @throws from the plan: ServiceError `configuration_not_found`, for other kinds `not_found` */
export const deleteRecord = (
  path: RecordPath,
  { field, conditions = {} }: { field: string; conditions?: Conditions },
): RequestedChange => ({
  path,
  field,
  conditions,
  next: present => {
    if (present) return undefined;
    throw new ServiceError(path.kind === 'configuration' ? 'configuration_not_found' : 'not_found');
  },
});
