/** What an evaluation answers. */
import { type FeatureFlag, type FlagValue, flagVariants } from '@quantivista/contracts';

/**
 * - `STATIC`: nothing about the context was asked
 * - `TARGETING_MATCH`: conditions or a rule decided
 * - `SPLIT`: a bucket decided
 * - `DEFAULT`: nothing was met, or the context has no key to find a bucket by
 * - `DISABLED`: the flag is archived
 * - `UNKNOWN`: for clients that want a reason where there is none; never given here
 * - `ERROR`: `errorCode` says which
 */
export type Reason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT' | 'DISABLED' | 'UNKNOWN' | 'ERROR';

/** OFREP's. `TARGETING_KEY_MISSING` is for answers elsewhere: here a flag is off for who has no key. */
export type EvaluationErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'PARSE_ERROR'
  | 'GENERAL';

/** Shared and frozen: an evaluation makes no object. */
export interface Evaluation {
  /** `undefined` where there is no such flag. */
  readonly value: FlagValue | undefined;
  readonly variant: string | undefined;
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string | number | boolean>>;
  readonly errorCode?: EvaluationErrorCode;
  readonly errorDetails?: string;
}

const NO_METADATA = Object.freeze({});

export function evaluationError(code: EvaluationErrorCode, details: string): Evaluation {
  return Object.freeze({
    value: undefined,
    variant: undefined,
    reason: 'ERROR',
    metadata: NO_METADATA,
    errorCode: code,
    errorDetails: details,
  });
}

function frozenCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  const members = Object.entries(value).map(([name, member]) => [name, frozenCopy(member)]);
  return Object.freeze(Object.fromEntries(members)) as T;
}

export type Answers = (variant: string, reason: Reason) => Evaluation;

/** The answers of a flag, each made once. Its values are copied: a flag's record stays as it is. */
export function createAnswers(flag: FeatureFlag): Answers {
  const metadata = flag.metadata ? Object.freeze({ ...flag.metadata }) : NO_METADATA;
  const values = new Map(
    Object.entries(flagVariants(flag)).map(([name, value]) => [name, frozenCopy(value)]),
  );
  const made = new Map<string, Evaluation>();
  return (variant, reason) => {
    const key = `${reason} ${variant}`;
    const present = made.get(key);
    if (present) return present;
    const answer = Object.freeze({ value: values.get(variant), variant, reason, metadata });
    made.set(key, answer);
    return answer;
  };
}
