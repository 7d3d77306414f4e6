/** One change of who may do what: made at once, whatever is protected, and known to this process from then on. */
import { entityTag } from '@quantivista/contracts';
import type { RequestedChange, StoredRecord } from '../write/request.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

export interface AccessChange {
  readonly change: RequestedChange;
  readonly actor: string;
  readonly reason?: string | undefined;
}

export interface AccessChanged {
  /** As it is now; `undefined` where it was deleted. */
  readonly record: StoredRecord | undefined;
  /** Of the answer. */
  readonly headers: Record<string, string>;
}

/** @throws from what it answers: ServiceError as `Writer.write` does */
export const accessChanges =
  ({ immediate, callers }: Pick<Dependencies, 'immediate' | 'callers'>) =>
  async ({ change, actor, reason = '' }: AccessChange): Promise<AccessChanged> => {
    const { generation, revision, records } = await immediate.write({
      changes: [change],
      actor,
      reason,
      rollbackAvailable: false,
    });
    callers.forget();
    const record = records[0];
    const tag = record && entityTag(generation, revision);
    return { record, headers: stateHeaders(generation, revision, tag) };
  };
