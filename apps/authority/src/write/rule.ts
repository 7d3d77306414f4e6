/** What must hold of every write besides its own conditions: schemas, protected environments. */
import type { RecordPath } from '@quantivista/contracts';
import type { Compare } from '@quantivista/etcd';
import type { RecordView } from '../follow/record-view.ts';
import type { Present } from './conditions.ts';
import type { StoredRecord, WriteRequest } from './request.ts';

/** One record's change as it is planned. */
export interface PlannedChange {
  readonly path: RecordPath;
  readonly field: string;
  readonly before: Present | undefined;
  /** `undefined`: it is deleted. */
  readonly after: StoredRecord | undefined;
  readonly version: number;
}

/** A rule as it stands at one moment. */
export interface RuleInForce {
  /** Put into the transaction, so that a rule that changes meanwhile does not let through what it forbids. */
  readonly compare: readonly Compare[];
  /** @throws ServiceError where a change is not allowed: nothing is recorded or changed then */
  check(changes: readonly PlannedChange[]): void;
}

export interface WriteRule {
  /** Learn what the rule says of a request. Called for each attempt, with what its plan is made from. */
  read(request: WriteRequest, view: RecordView): Promise<RuleInForce>;
}
