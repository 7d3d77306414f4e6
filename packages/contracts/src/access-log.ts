/** What callers were denied, and which tokens were used, as it comes from a region to the centre. */
import { z } from '@hono/zod-openapi';
import { FreeText } from './free-text.ts';
import { RegionName } from './names.ts';

/** Milliseconds since the epoch, by the clock of who denied. */
const At = z.int().nonnegative();

export const Denial = z.object({
  /** Empty where nobody is known. */
  caller: FreeText,
  action: FreeText,
  resource: FreeText,
  why: FreeText,
});
export type Denial = Readonly<z.infer<typeof Denial>>;

/** Of a caller, what different denials that there is no room to keep apart are counted as. */
export const manyDenials = (caller: string): Denial => ({
  caller,
  action: MANY,
  resource: MANY,
  why: 'more than are kept apart',
});
export const MANY = '(many)';

/** What was tried alike, and how often. */
export const RepeatedDenial = Denial.extend({
  first_at: At,
  last_at: At,
  times: z.int().positive().max(1_000_000_000_000),
});
export type RepeatedDenial = Readonly<z.infer<typeof RepeatedDenial>>;

/** What one region tells in one piece: whoever has taken `id` once takes it no more. */
export const AccessLogBundle = z
  .object({
    region: RegionName,
    id: z.uuid(),
    denials: z.array(RepeatedDenial),
    /** When tokens were used, by their ids. */
    token_uses: z.record(z.string().regex(/^[0-9a-f]{16}$/), At),
  })
  .openapi('AccessLogBundle');
export type AccessLogBundle = z.infer<typeof AccessLogBundle>;
