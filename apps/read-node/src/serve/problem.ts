/** The node's answer to any error: it says where the state stands, as every answer does. */
import { problemResponse } from '@quantivista/contracts';
import type { Replica } from '../follow/replica.ts';
import { positionHeaders } from './answer.ts';

export const createProblem =
  (replica: Replica) =>
  (error: unknown): Response => {
    const response = problemResponse(error);
    const headers = positionHeaders(replica);
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    return response;
  };
