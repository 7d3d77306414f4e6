/** The node's answer to any error: it says where the state stands, as every answer does to those who are known. */
import { type ErrorCode, problemResponse, ServiceError } from '@quantivista/contracts';
import type { Replica } from '../follow/replica.ts';
import { positionHeaders } from './answer.ts';

/** What those are told who are not known, or not yet: nothing of the state goes with it. */
const TO_STRANGERS: ReadonlySet<ErrorCode> = new Set([
  'unauthenticated',
  'token_in_url',
  'origin_refused',
  'rate_limited',
]);

export const positionFor = (code: ErrorCode, replica: Replica): Record<string, string> =>
  TO_STRANGERS.has(code) ? {} : positionHeaders(replica);

export const createProblem =
  (replica: Replica) =>
  (error: unknown): Response => {
    const response = problemResponse(error);
    const headers = positionFor(error instanceof ServiceError ? error.code : 'internal', replica);
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    return response;
  };
