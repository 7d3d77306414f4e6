/** The parts of a flag beyond on and off: variants, rules, splits, prerequisites. */
import { z } from '@hono/zod-openapi';
import { attributeFault, Conditions, isForbiddenName } from './flag-conditions.ts';

/** Stands in URLs as it is: some clients do not escape it. */
const urlSafeName = (example: string) =>
  z
    .string()
    .min(1)
    .max(100)
    .regex(/^[A-Za-z0-9._-]+$/, 'must match [A-Za-z0-9._-]+')
    .refine(name => !isForbiddenName(name) && name !== '.' && name !== '..', 'is a reserved name')
    .openapi({ example });

export const FlagName = urlSafeName('new_risk_model');
export const SegmentName = urlSafeName('beta_testers');

export const VariantName = z
  .string()
  .min(1)
  .max(100)
  .refine(name => name.isWellFormed() && !name.includes('\0') && !isForbiddenName(name), 'is no name');

export type FlagValue = boolean | number | string | { readonly [key: string]: unknown };
export const FLAG_VALUE_TYPES = ['boolean', 'number', 'string', 'object'] as const;
export const MAX_VALUE_DEPTH = 10;

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some(member => isDeeperThan(member, depth - 1));
}

function isFlagValue(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return typeof value === 'string' || typeof value === 'boolean';
  return value !== null && !Array.isArray(value) && !isDeeperThan(value, MAX_VALUE_DEPTH);
}

export const FlagValue = z
  .custom<FlagValue>(isFlagValue, `must be a boolean, number, text or object of ${MAX_VALUE_DEPTH} levels`)
  .openapi({ type: ['boolean', 'number', 'string', 'object'] });

/** The dotted path of an attribute of the context. */
export const Attribute = z.string().superRefine((path, context) => {
  const message = attributeFault(path);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** Stands before the key in what is hashed: flags of one salt and share choose the same keys. */
export const Salt = z
  .string()
  .max(200)
  .refine(salt => salt.isWellFormed(), 'holds an unpaired surrogate');

const Weight = z.int().min(0).max(100_000);

/** A map by name. A record schema alone would drop `__proto__` without a word. */
export const namedMap = <Key extends z.ZodString, Value extends z.ZodType>(name: Key, value: Value) =>
  z
    .custom<z.input<z.ZodRecord<Key, Value>>>(
      map => typeof map !== 'object' || map === null || !Object.hasOwn(map, '__proto__'),
      'holds a reserved name',
    )
    .pipe(z.record(name, value));

/** Shares of variants. A map is taken in the order of its names; pairs are taken in their own. */
export type Split = Record<string, number> | [variant: string, weight: number][];
export const Split: z.ZodType<Split> = z
  .union([namedMap(VariantName, Weight), z.array(z.tuple([VariantName, Weight])).max(50)])
  .refine(split => splitEntries(split).some(([, weight]) => weight > 0), 'needs a weight above 0')
  .openapi('Split', { type: 'object', example: { control: 50, treatment: 50 } });

/** A split's variants with their weights, in the order in which they divide the buckets. */
export const splitEntries = (split: Split): readonly (readonly [variant: string, weight: number])[] =>
  Array.isArray(split) ? split : Object.entries(split).sort(([a], [b]) => (a < b ? -1 : 1));

/**
 * Who meets `when` is served one variant, or one of a split; the first rule that is met decides. A split hashes
 * its own salt (absent: the flag's, with `:split:`), so that it moves nobody when the flag's share changes.
 */
export const FlagRule = z
  .strictObject({
    when: Conditions,
    serve: VariantName.optional(),
    split: Split.optional(),
    bucket_by: Attribute.optional(),
    salt: Salt.optional(),
  })
  .refine(rule => (rule.serve === undefined) !== (rule.split === undefined), 'needs either serve or split')
  .refine(
    rule => rule.split !== undefined || (rule.bucket_by ?? rule.salt) === undefined,
    'has bucket_by or salt without a split',
  )
  .openapi('FlagRule');
export type FlagRule = z.infer<typeof FlagRule>;

/** Another flag that must serve one of these variants, or this one is off. */
export const Prerequisite = z
  .strictObject({ flag: FlagName, variants: z.array(VariantName).min(1).max(50).default(['on']) })
  .openapi('Prerequisite');
export type Prerequisite = z.infer<typeof Prerequisite>;
