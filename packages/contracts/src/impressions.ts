/**
 * How often flags were evaluated: as clients that evaluate by themselves report it to a node, and as it comes from a
 * region to the centre.
 */
import { z } from '@hono/zod-openapi';
import { FlagName, VariantName } from './flag-rules.ts';
import { RegionName } from './names.ts';

/** Largest number of evaluations that one entry of a report tells of. */
export const MAX_REPORTED_COUNT = 1_000_000;
const MAX_REPORTED = 1_000;

const Reported = z.strictObject({
  flag: FlagName,
  variant: VariantName.optional().openapi({ description: 'absent where the evaluation failed' }),
  count: z.int().min(1).max(MAX_REPORTED_COUNT),
});

/** Body of `POST /impressions`. */
export const ImpressionReport = z
  .strictObject({ counts: z.array(Reported).min(1).max(MAX_REPORTED) })
  .openapi('ImpressionReport');
export type ImpressionReport = z.infer<typeof ImpressionReport>;

export const ImpressionReceipt = z
  .object({
    counted: z.int().openapi({ description: 'evaluations that were counted' }),
    unknown: z.int().openapi({ description: 'those of flags that the node does not hold: not counted' }),
  })
  .openapi('ImpressionReceipt');
export type ImpressionReceipt = z.infer<typeof ImpressionReceipt>;

/** Far beyond what a region can count in a day; sums of many such fit where they are kept. */
const Count = z.int().positive().max(1_000_000_000_000);

/** What was counted in one window of time. A variant of no name: evaluations that served none. */
export const ImpressionWindow = z.object({
  /** When the window began: milliseconds since the epoch, by the clock of the nodes that counted. */
  at: z.int().nonnegative(),
  /** Evaluations, by flag and variant. */
  flags: z.record(FlagName, z.record(VariantName.or(z.literal('')), Count)),
  /** Evaluations of flags and variants that there was no room to name. */
  other: Count.or(z.literal(0)),
});
export type ImpressionWindow = z.infer<typeof ImpressionWindow>;

/** What one region counted and hands over in one piece: whoever has taken `id` once takes it no more. */
export const ImpressionBundle = z
  .object({ region: RegionName, id: z.uuid(), windows: z.array(ImpressionWindow) })
  .openapi('ImpressionBundle');
export type ImpressionBundle = z.infer<typeof ImpressionBundle>;
