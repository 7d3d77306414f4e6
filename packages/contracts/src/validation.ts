/** From a zod failure to the error of the table that names the fields. */
import type { z } from '@hono/zod-openapi';
import { type ErrorCode, ServiceError } from './errors.ts';

/** The parts of a request as Hono names them, and as problems name them. */
const PART_NAMES: Record<string, string> = { json: 'body', param: 'path' };

/** The error of one field that is wrong: `body.changes.3.new_value`, `query.since`. */
export const fieldFault = (field: string, message: string, code: ErrorCode = 'invalid_request') =>
  new ServiceError(code, { message: `${field}: ${message}`, details: { errors: [{ field, message }] } });

/** `invalid_request` (`unknown_environment` where that is the only field) with one entry a wrong field. */
export function validationFault(error: z.ZodError, part: string): ServiceError {
  const where = PART_NAMES[part] ?? part;
  const errors = error.issues.map(issue => ({
    field: [where, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  const onlyEnvironment = errors.every(({ field }) => field.endsWith('.environment'));
  return new ServiceError(onlyEnvironment ? 'unknown_environment' : 'invalid_request', {
    message: errors.map(({ field, message }) => `${field}: ${message}`).join('; '),
    details: { errors },
  });
}

/**
 * Parse `input`, or throw {@link validationFault}. `where` prefixes the field names: `query`, `body`, `path`.
 * @throws ServiceError `invalid_request`, `unknown_environment`
 */
export function parseRequest<T extends z.ZodType>(schema: T, input: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw validationFault(parsed.error, where);
}
