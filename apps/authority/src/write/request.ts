/** A write as the authority understands it, whichever endpoint it came from. */
import type { CommitNote, Json, RecordPath, Statement } from '@quantivista/contracts';

/** What must hold of the record's present state; absent fields do not matter. */
export interface Conditions {
  /** Deep-equals the present value. `null` also matches a record that does not exist. */
  readonly oldValue?: Json;
  /** The record's entity tag, as a read gave it. */
  readonly ifMatch?: string;
  /** The record must not exist. */
  readonly ifAbsent?: boolean;
}

/** A record as it is stored: what every kind has, and its own fields. */
export interface StoredRecord {
  readonly version: number;
  readonly [field: string]: Json | undefined;
}

/** What the planner knows when it makes a record's next state. */
export interface Moment {
  readonly version: number;
  /** ISO 8601, by the authority's clock. */
  readonly now: string;
  readonly actor: string;
}

/**
 * The next state of a record, made from the present one; `undefined`: it is deleted. Pure: it is called anew
 * whenever others were quicker. Throws a ServiceError where the change can't be made.
 */
export type NextRecord = (present: StoredRecord | undefined, moment: Moment) => StoredRecord | undefined;

export interface RequestedChange {
  readonly path: RecordPath;
  readonly conditions: Conditions;
  /** Where the change stands in the request, for errors: `body`, `body.changes.3`. */
  readonly field: string;
  readonly next: NextRecord;
  /** Of a rollback: the version restored, 0 where the record had not existed. For the trail. */
  readonly restoredVersion?: number;
}

/** Why a request may change what is protected. */
export type Clearance =
  /** It is looked at alone; `stored`: and what it would change is put into a proposal. */
  | { readonly kind: 'preview'; readonly stored?: boolean }
  /** By these persons, of whom its actor is none. */
  | { readonly kind: 'approved'; readonly approvals: readonly Pick<Statement, 'by'>[] }
  | { readonly kind: 'break_glass' }
  /** It was agreed to with the change that is put back. */
  | { readonly kind: 'trial' };

/**
 * Asked of each record that a request is about to change, as it is (`undefined`: it is not there) and as it is to be.
 * @throws ServiceError `forbidden`
 */
export type Authorize = (path: RecordPath, record: StoredRecord | undefined) => void;

/** Changes that happen together or not at all. Each record at most once. */
export interface WriteRequest {
  readonly changes: readonly RequestedChange[];
  readonly actor: string;
  readonly reason: string;
  readonly rollbackAvailable: boolean;
  /** The regions are to report the change as soon as they have applied it. */
  readonly awaited?: boolean;
  /** One transaction of several that were asked for together: it can't become a proposal of its own. */
  readonly part?: boolean;
  /** @default nothing is asked: the authority does it by itself */
  readonly authorize?: Authorize;
  readonly clearance?: Clearance;
  /** Goes into the commit's note. */
  readonly mark?: Pick<CommitNote, 'proposal' | 'break_glass'>;
}
