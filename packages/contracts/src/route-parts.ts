/** What the descriptions of routes are put together from. */
import type { z } from '@hono/zod-openapi';
import { Problem } from './errors.ts';

export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
export const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
});
export const failures = {
  400: problem('bad request: the problem names the field'),
  401: problem('no or bad token'),
  503: problem('not available now: see Retry-After'),
};
export const body = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { 'application/json': { schema } },
});
/** Of what is asked for an environment. */
export const notServed = { 421: problem('this node does not hold the environment') };
export const security = [{ bearer: [] }];
