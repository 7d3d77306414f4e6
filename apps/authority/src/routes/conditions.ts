/** If-Match and If-None-Match of a request for one record. */
import type { Context } from 'hono';
import type { Conditions } from '../write/request.ts';

export function headerConditions(c: Context): Conditions {
  const ifMatch = c.req.header('if-match');
  return {
    ...(ifMatch !== undefined && { ifMatch }),
    ...(c.req.header('if-none-match')?.trim() === '*' && { ifAbsent: true }),
  };
}
