/** Times as callers give them. */
import { z } from '@hono/zod-openapi';

/** A time with its offset from UTC; kept in UTC. */
export const Time = z.iso
  .datetime({ offset: true })
  .transform(text => new Date(text).toISOString())
  .openapi({ type: 'string', format: 'date-time', example: '2026-12-01T06:00:00Z' });
