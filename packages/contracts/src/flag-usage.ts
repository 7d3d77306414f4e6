/** Which flags are used, how often, and whom a rollout has really reached. */
import { z } from '@hono/zod-openapi';
import { FlagName, VariantName } from './flag-rules.ts';
import { RegionName } from './names.ts';
import { Time } from './time.ts';

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A span of time: `30m`, `12h`, `30d`. In milliseconds once it is parsed. */
export const Span = z
  .string()
  .regex(/^[1-9]\d{0,4}[mhd]$/, 'is no span of time: 30m, 12h, 30d')
  .transform(text => Number(text.slice(0, -1)) * UNITS_MS[text.at(-1) as keyof typeof UNITS_MS])
  .openapi({ type: 'string', pattern: '^[1-9]\\d{0,4}[mhd]$', example: '30d' });

/** A time, or how long ago it was. */
const Since = Time.or(Span).openapi({
  type: 'string',
  pattern: '^[1-9]\\d{0,4}[mhd]$',
  description: 'a time, or how long ago: 24h',
  example: '24h',
});

/** Milliseconds since the epoch. */
export const sinceMs = (since: string | number, nowMs: number): number =>
  typeof since === 'number' ? nowMs - since : Date.parse(since);

const DAY_MS = UNITS_MS.d;
export const FlagUsageListQuery = z.object({
  since: Since.default(DAY_MS),
  unused_for: Span.optional().openapi({
    description: 'only flags that are older and that nobody has evaluated for so long',
  }),
  archived: z.enum(['true', 'false']).optional().openapi({ description: '`true`: archived flags too' }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: FlagName.optional(),
});

export const STEPS = ['minute', 'hour'] as const;
export type Step = (typeof STEPS)[number];
export const FlagUsageQuery = z.object({
  since: Since.default(DAY_MS),
  step: z.enum(STEPS).optional().openapi({
    description:
      'absent: minutes for the last three hours, else hours. Minutes are kept for days, hours for months',
  }),
});

const Evaluations = z.int().nonnegative();
const LastSeen = z.iso
  .datetime()
  .nullable()
  .openapi({ description: 'the minute of the newest evaluation; null: none is known' });
/** Of any answer about usage. */
const span = {
  since: z.iso.datetime().openapi({ description: 'from which minute or hour on the counts are' }),
  counting_since: z.iso.datetime().nullable().openapi({
    description: 'since when evaluations are known at all; null: no node has told of any',
  }),
};

export const FlagUsageEntry = z.object({
  flag_name: FlagName,
  archived: z.boolean(),
  created_at: z.iso.datetime().optional(),
  last_seen: LastSeen,
  evaluations: Evaluations,
});
export type FlagUsageEntry = z.infer<typeof FlagUsageEntry>;

/** By name; `next_after` asks for the following page. */
export const FlagUsageList = z
  .object({
    ...span,
    flags: z.array(FlagUsageEntry),
    other: Evaluations.openapi({ description: 'evaluations that there was no room to count by flag' }),
    next_after: FlagName.optional(),
  })
  .openapi('FlagUsageList');
export type FlagUsageList = z.infer<typeof FlagUsageList>;

const Variant = VariantName.nullable().openapi({ description: 'null: the evaluations served none' });
const Share = z.number().openapi({ description: 'in percent of all evaluations' });

export const FlagUsage = z
  .object({
    flag_name: FlagName,
    ...span,
    step: z.enum(STEPS),
    last_seen: LastSeen,
    evaluations: Evaluations,
    rollout_percentage: z
      .number()
      .nullable()
      .openapi({ description: 'as it is set; null: there is no flag' }),
    reached_percentage: z.number().nullable().openapi({
      description:
        'share of the evaluations that served another variant than the off variant; null without any',
    }),
    variants: z.array(z.object({ variant: Variant, evaluations: Evaluations, share: Share })),
    regions: z.array(z.object({ region: RegionName, evaluations: Evaluations })),
    series: z.array(z.object({ at: z.iso.datetime(), variant: Variant, evaluations: Evaluations })),
  })
  .openapi('FlagUsage');
export type FlagUsage = z.infer<typeof FlagUsage>;
