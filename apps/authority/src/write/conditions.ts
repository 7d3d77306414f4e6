/** Whether the conditions of a change hold of the key's present state. */
import { isDeepStrictEqual } from 'node:util';
import { type Configuration, entityTag, ServiceError, someMatch } from '@quantivista/contracts';
import type { RequestedChange } from './request.ts';

/** A key's present state. */
export interface Present {
  readonly configuration: Configuration;
  readonly modRevision: number;
}

/** @throws ServiceError `conflict`, with the present state, where one does not hold */
export function checkConditions(
  change: RequestedChange,
  present: Present | undefined,
  generation: string,
): void {
  const { oldValue, ifMatch, ifAbsent } = change.conditions;
  const refuse = (message: string): never => {
    throw new ServiceError('conflict', {
      message,
      details: {
        config_key: change.path.key,
        current: present?.configuration ?? null,
        current_revision: present?.modRevision ?? null,
      },
    });
  };
  if (ifAbsent && present) refuse('the key exists');
  if (oldValue !== undefined && !isDeepStrictEqual(oldValue, present?.configuration.config_value ?? null)) {
    refuse('old_value is not the present value');
  }
  if (ifMatch !== undefined && !(present && someMatch(ifMatch, entityTag(generation, present.modRevision)))) {
    refuse('If-Match is not the present entity tag');
  }
}
