/** Words of the caller, kept and shown as they are. */
import { z } from '@hono/zod-openapi';

/** Up to 2000 characters. Postgres stores neither NUL nor half of a surrogate pair. */
export const FreeText = z
  .string()
  .max(2000)
  .refine(text => text.isWellFormed() && !text.includes('\0'), 'holds a NUL or an unpaired surrogate');
