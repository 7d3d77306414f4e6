/**
 * Feature flags. The six fields of a plain flag are enough: it is on or off, for some services, for contexts
 * that meet its conditions, for a share of them. Everything else is optional.
 */
import { z } from '@hono/zod-openapi';
import { Conditions, SegmentConditions } from './flag-conditions.ts';
import {
  Attribute,
  FLAG_VALUE_TYPES,
  FlagName,
  FlagRule,
  FlagValue,
  namedMap,
  Prerequisite,
  Salt,
  SegmentName,
  splitEntries,
  VariantName,
} from './flag-rules.ts';
import { FreeText } from './free-text.ts';
import { ActorName, ServiceName } from './names.ts';

/** Largest JSON text of one flag or segment, in characters. */
export const MAX_FLAG_SIZE = 100_000;
export const MAX_VARIANTS = 50;

const RolloutPercentage = z
  .number()
  .min(0)
  .max(100)
  .multipleOf(0.01)
  .openapi({ description: 'share of the targeting keys, two decimals', example: 12.5 });
const TargetServices = z.array(ServiceName).max(200).openapi({ description: 'empty: all' });

const extensions = {
  archived: z.boolean().openapi({ description: 'out of use: it answers its off variant' }),
  value_type: z.enum(FLAG_VALUE_TYPES),
  variants: namedMap(VariantName, FlagValue).openapi({
    type: 'object',
    description: 'absent: {"on": true, "off": false}',
  }),
  default_variant: VariantName.openapi({ description: 'served where no rule is met; absent: on' }),
  off_variant: VariantName.openapi({ description: 'absent: off, or default_variant where there is no off' }),
  rules: z.array(FlagRule).max(50),
  bucket_by: Attribute.openapi({ description: 'absent: targetingKey' }),
  salt: Salt.openapi({ description: "absent: the flag's name" }),
  hash_version: z.literal(2).openapi({ description: 'murmur3_x86_32 of salt and key, in UTF-8' }),
  prerequisites: z.array(Prerequisite).max(10),
  metadata: namedMap(z.string().max(100), z.union([z.string().max(500), z.number(), z.boolean()])).openapi({
    type: 'object',
  }),
};
type Nullish<Shape> = { [Key in keyof Shape]: z.ZodOptional<z.ZodNullable<Shape[Key] & z.ZodType>> };
const nullish = Object.fromEntries(
  Object.entries(extensions).map(([name, schema]) => [name, schema.nullish()]),
) as unknown as Nullish<typeof extensions>;

/** What the store knows of a record; a definition that is not stored yet has none of it. */
const provenance = {
  version: z.int().positive().optional(),
  created_by: ActorName.optional(),
  created_at: z.iso.datetime().optional(),
  updated_by: ActorName.optional(),
  updated_at: z.iso.datetime().optional(),
};

const isSmall = (value: object) => JSON.stringify(value).length <= MAX_FLAG_SIZE;
const TOO_LARGE = `is larger than ${MAX_FLAG_SIZE} characters`;

export const FeatureFlag = z
  .strictObject({
    flag_name: FlagName,
    enabled: z.boolean(),
    rollout_percentage: RolloutPercentage,
    target_services: TargetServices.default([]),
    conditions: Conditions.default({}),
    description: FreeText.default(''),
    ...z.object(extensions).partial().shape,
    ...provenance,
  })
  .superRefine((flag, context) => {
    for (const { path, message } of flagFaults(flag)) context.addIssue({ code: 'custom', path, message });
  })
  .refine(isSmall, TOO_LARGE)
  .openapi('FeatureFlag');
export type FeatureFlag = z.infer<typeof FeatureFlag>;

/** Body of `PUT /feature-flags/{flag}`: what is absent stays; `null` takes an extension away. */
export const FeatureFlagUpdate = z
  .strictObject({
    flag_name: FlagName.optional(),
    enabled: z.boolean().optional(),
    rollout_percentage: RolloutPercentage.optional(),
    target_services: TargetServices.optional(),
    conditions: Conditions.optional(),
    description: FreeText.optional(),
    ...nullish,
    updated_by: ActorName.optional().openapi({ description: 'the caller; another name is refused' }),
    reason: FreeText.optional(),
  })
  .openapi('FeatureFlagUpdate');
export type FeatureFlagUpdate = z.infer<typeof FeatureFlagUpdate>;

/** Conditions with a name, for any number of flags. */
export const Segment = z
  .strictObject({
    segment_name: SegmentName,
    conditions: SegmentConditions,
    description: FreeText.default(''),
    ...provenance,
  })
  .refine(isSmall, TOO_LARGE)
  .openapi('Segment');
export type Segment = z.infer<typeof Segment>;

/** Body of `PUT /segments/{segment}`: what is absent stays; of a new one the conditions must be said. */
export const SegmentUpdate = z
  .strictObject({
    segment_name: SegmentName.optional(),
    conditions: SegmentConditions.optional(),
    description: FreeText.optional(),
    updated_by: ActorName.optional().openapi({ description: 'the caller; another name is refused' }),
    reason: FreeText.optional(),
  })
  .openapi('SegmentUpdate');
export type SegmentUpdate = z.infer<typeof SegmentUpdate>;

const BOOLEAN_VARIANTS: Readonly<Record<string, FlagValue>> = { on: true, off: false };

/** The values that a flag may serve, by variant. */
export const flagVariants = (flag: FeatureFlag): Readonly<Record<string, FlagValue>> =>
  flag.variants ?? BOOLEAN_VARIANTS;

/** The variant where no rule is met. */
export const defaultVariant = (flag: FeatureFlag): string => flag.default_variant ?? 'on';

/** The variant of a flag that is not enabled, and of everyone whom it is not for. */
export const offVariant = (flag: FeatureFlag): string =>
  flag.off_variant ?? (Object.hasOwn(flagVariants(flag), 'off') ? 'off' : defaultVariant(flag));

interface FlagFault {
  readonly path: (string | number)[];
  readonly message: string;
}

/** Where the fields of a flag contradict each other. */
function* flagFaults(flag: FeatureFlag): Generator<FlagFault> {
  const variants = flagVariants(flag);
  const names = Object.keys(variants);
  if (names.length === 0 || names.length > MAX_VARIANTS) {
    yield { path: ['variants'], message: `must hold 1 to ${MAX_VARIANTS} variants` };
    return;
  }
  const type = flag.value_type ?? typeof variants[names[0]!];
  for (const name of names) {
    if (typeof variants[name] !== type) yield { path: ['variants', name], message: `is no ${type}` };
  }
  const served: [path: (string | number)[], variant: string][] = [
    [['default_variant'], defaultVariant(flag)],
    [['off_variant'], offVariant(flag)],
  ];
  for (const [index, { serve, split }] of (flag.rules ?? []).entries()) {
    if (serve !== undefined) served.push([['rules', index, 'serve'], serve]);
    for (const [variant] of split ? splitEntries(split) : []) {
      served.push([['rules', index, 'split', variant], variant]);
    }
  }
  for (const [path, variant] of served) {
    if (!Object.hasOwn(variants, variant)) yield { path, message: `there is no variant ${variant}` };
  }
  const always = flag.rules?.findIndex(rule => Object.keys(rule.when).length === 0) ?? -1;
  if (always !== -1 && always < flag.rules!.length - 1) {
    yield { path: ['rules', always + 1], message: `is never reached: rule ${always} is met by everyone` };
  }
}
