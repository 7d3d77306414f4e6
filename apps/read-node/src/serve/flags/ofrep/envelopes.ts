/** OFREP's answers as text. An evaluation is shared by all to whom it is given, and so is its text. */

import type { ErrorCode } from '@quantivista/contracts';
import { type OfrepErrorCode, type OfrepFailure, ServiceError } from '@quantivista/contracts';
import type { Evaluation } from '@quantivista/flags';
import { type Digest, hashEntry } from '@quantivista/snapshot';

/** A flag's part of an answer. */
export interface Envelope {
  /** 200, or of the error. */
  readonly status: number;
  /** JSON. */
  readonly text: string;
  readonly digest: Digest;
}

export interface Envelopes {
  of(key: string, evaluation: Evaluation): Envelope;
}

/** Each client needs all of these members, in each answer. */
function write(key: string, { value, variant, reason, metadata, errorCode, errorDetails }: Evaluation) {
  // A flag that can't decide has a value all the same: off. As an error it would leave the client to its code's default.
  if (value !== undefined)
    return { status: 200, text: JSON.stringify({ key, reason, value, variant, metadata }) };
  const failure = failureText(errorCode ?? 'GENERAL', errorDetails ?? '', key);
  return { status: errorCode === 'FLAG_NOT_FOUND' ? 404 : 400, text: failure };
}

export const failureText = (errorCode: OfrepErrorCode, errorDetails: string, key?: string): string =>
  JSON.stringify({ ...(key !== undefined && { key }), errorCode, errorDetails } satisfies OfrepFailure);

export function createEnvelopes(): Envelopes {
  const known = new WeakMap<Evaluation, Envelope>();
  return {
    of: (key, evaluation) => {
      const present = known.get(evaluation);
      if (present) return present;
      const written = write(key, evaluation);
      const envelope = { ...written, digest: hashEntry(key, written.status, written.text) };
      // An answer with a value is its flag's own; errors are made for the occasion, or shared by all flags.
      if (evaluation.value !== undefined) known.set(evaluation, envelope);
      return envelope;
    },
  };
}

const CODES: Partial<Record<ErrorCode, OfrepErrorCode>> = {
  invalid_json: 'PARSE_ERROR',
  invalid_context: 'INVALID_CONTEXT',
  too_large: 'INVALID_CONTEXT',
};

/** Any fault as OFREP tells it. */
export function ofrepFault(
  error: unknown,
  key?: string,
): { fault: ServiceError; status: number; body: string } {
  const fault = error instanceof ServiceError ? error : new ServiceError('internal');
  const body = failureText(CODES[fault.code] ?? 'GENERAL', fault.message, key);
  // The one status by which its clients know that they are to wait.
  return { fault, status: fault.code === 'overloaded' ? 429 : fault.status, body };
}
