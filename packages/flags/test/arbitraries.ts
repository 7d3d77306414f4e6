/** Flags and contexts for properties. Attributes have types of their own, so that a condition is often met. */
import { type Conditions, FeatureFlag, type FlagRule, Segment } from '@quantivista/contracts';
import fc from 'fast-check';

const COUNTRIES = ['CH', 'AT', 'DE', 'Zürich', ''];
const PLANS = ['free', 'pro', 'team', 'pro-trial'];
const VERSIONS = ['1.0.0', '1.4.2', '2.0.0-rc.1', '2.0.0', '2.1.0', '10.0.0', 'v1.4.2', '1.4', 'none'];
const SERVICES = ['risk', 'pricing', 'orders'];
const SEGMENTS = ['testers', 'adults'];

const scalar = fc.oneof(
  fc.constantFrom(...COUNTRIES, ...PLANS),
  fc.integer({ min: -2, max: 2 }),
  fc.boolean(),
);
/** Where a path wants an object: no false, 0 or empty text, which flagd-core takes for the end of the path. */
const inTheWay = fc.constantFrom('text', 5, true, null, []);
const age = fc.oneof(fc.integer({ min: -5, max: 90 }), fc.constantFrom(0.5, 17.99, 18));
const version = fc.constantFrom('1.0.0', '1.4.2', '2.0.0-rc.1', '2.0.0', '2.1.0', '1.0.0+build.5');
const part = fc.constantFrom('pro', 'ro', 'team', 'fr', 'C', 'ü', 'al');

const one = (operators: readonly string[], operand: fc.Arbitrary<unknown>) =>
  fc.tuple(fc.constantFrom(...operators), operand).map(([operator, value]) => ({ [operator]: value }));

const exact = fc.oneof(
  scalar,
  fc.array(scalar, { minLength: 1, maxLength: 4 }),
  one(['eq', 'ne'], scalar),
  one(['in', 'not_in'], fc.array(scalar, { minLength: 1, maxLength: 4 })),
  one(['exists'], fc.boolean()),
  one(['starts_with', 'ends_with'], part),
);
const numeric = fc.oneof(
  one(['gt', 'gte', 'lt', 'lte'], age),
  fc.tuple(age, age).map(([a, b]) => ({ between: [Math.min(a, b), Math.max(a, b)] })),
  fc.tuple(age, age).map(([a, b]) => ({ gte: a, lt: b })),
);
const versioned = one(
  ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', '^', '~'].map(operator => `semver_${operator}`),
  version,
);
const loose = one(['loose_eq', 'loose_ne'], fc.constantFrom(1, '1', 2, '2', 0, 10, '10'));

const test = fc.oneof(
  fc.tuple(fc.constantFrom('country', 'user.plan', 'a.b.c'), exact),
  fc.tuple(fc.constant('age'), numeric),
  fc.tuple(fc.constantFrom('version', 'user.version'), versioned),
  fc.tuple(fc.constant('roles'), one(['contains'], part)),
  fc.tuple(fc.constant('code'), loose),
);

const leaves = fc.array(test, { minLength: 0, maxLength: 3 }).map(tests => Object.fromEntries(tests));
const filled = fc.array(test, { minLength: 1, maxLength: 3 }).map(tests => Object.fromEntries(tests));
const list = fc.array(filled, { minLength: 1, maxLength: 3 });
export const conditions: fc.Arbitrary<Conditions> = fc.oneof(
  { weight: 3, arbitrary: leaves },
  fc.tuple(leaves, fc.constantFrom('$and', '$or'), list).map(([map, key, maps]) => ({ ...map, [key]: maps })),
  fc.tuple(leaves, filled).map(([map, not]) => ({ ...map, $not: not })),
  fc.tuple(leaves, fc.constantFrom(...SEGMENTS)).map(([map, $segment]) => ({ ...map, $segment })),
);

export const segments: readonly Segment[] = [
  Segment.parse({ segment_name: 'testers', conditions: { 'user.plan': ['team', 'pro'] } }),
  Segment.parse({ segment_name: 'adults', conditions: { age: { gte: 18 }, $not: { country: 'DE' } } }),
];

const percentage = fc.oneof(
  fc.constantFrom(0, 100, 50),
  fc.integer({ min: 0, max: 10_000 }).map(hundredths => hundredths / 100),
);

const VARIANTS: readonly Readonly<Record<string, unknown>>[] = [
  { a: 'red', b: 'blue', c: 'green' },
  { off: 0, a: 10, b: 0.25, '100%': -1 },
  { a: { limit: 10 }, b: { limit: 20, tags: ['x'] } },
  { on: true, off: false, a: true },
];

const bucketing = fc.record(
  {
    salt: fc.constantFrom('pepper', 'new_risk_model:'),
    bucket_by: fc.constantFrom('account', 'targetingKey'),
  },
  { requiredKeys: [] },
);

const ruleOf = (names: readonly string[]): fc.Arbitrary<FlagRule> => {
  const weights = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.integer({ min: 1, max: 100 })), {
    minLength: 1,
    selector: ([name]) => name,
  });
  const split = fc.oneof(
    weights,
    weights.map(pairs => Object.fromEntries(pairs)),
  );
  return fc.oneof(
    fc.record({ when: conditions, serve: fc.constantFrom(...names) }),
    fc.tuple(conditions, split, bucketing).map(([when, shares, by]) => ({ when, split: shares, ...by })),
  );
};

const multivariate = fc.constantFrom(...VARIANTS).chain(variants => {
  const names = Object.keys(variants);
  const variant = fc.constantFrom(...names);
  return fc.record(
    {
      variants: fc.constant(variants),
      default_variant: variant,
      off_variant: variant,
      rules: rulesOf(names),
    },
    { requiredKeys: ['variants', 'default_variant'] },
  );
});

/** Nothing may follow a rule that everyone meets. */
const rulesOf = (names: readonly string[]) =>
  fc.array(ruleOf(names), { maxLength: 4 }).map(rules => {
    const always = rules.findIndex(rule => Object.keys(rule.when).length === 0);
    return always === -1 ? rules : rules.slice(0, always + 1);
  });

const plain = fc.record(
  { rules: rulesOf(['on', 'off']), default_variant: fc.constantFrom('on', 'off') },
  { requiredKeys: [] },
);

const definition = fc
  .tuple(
    fc.record({
      enabled: fc.constantFrom(true, true, true, true, false),
      rollout_percentage: percentage,
      target_services: fc.oneof(fc.constant([]), fc.subarray(SERVICES)),
      conditions: fc.oneof(fc.constant({}), conditions),
    }),
    fc.oneof(fc.constant({}), fc.constant({}), plain, multivariate),
    bucketing,
    fc.constantFrom({}, {}, {}, {}, {}, {}, { archived: true }),
  )
  .map(parts => Object.assign({}, ...parts) as Omit<FeatureFlag, 'flag_name'>);

/** `flag_0`, `flag_1` …: each asks now and then for one before it. */
export const flags = (count: number): fc.Arbitrary<FeatureFlag[]> =>
  fc
    .array(fc.tuple(definition, fc.nat(), fc.nat({ max: 3 })), { minLength: count, maxLength: count })
    .map(definitions => {
      const made: FeatureFlag[] = [];
      for (const [index, [fields, choice, asks]] of definitions.entries()) {
        const before = asks === 0 && index > 0 ? made[choice % Math.min(index, 4)]! : undefined;
        const wanted = Object.keys(before?.variants ?? { on: true, off: false });
        const variants = [wanted[choice % wanted.length]!];
        const prerequisites = before ? [{ flag: before.flag_name, variants }] : undefined;
        made.push(
          FeatureFlag.parse({
            flag_name: `flag_${index}`,
            ...fields,
            ...(prerequisites && { prerequisites }),
          }),
        );
      }
      return made;
    });

const absent = { nil: undefined, freq: 5 };
/** Its bytes are not its code units. */
export const nonAsciiKey = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
/** Where UTF-8, code units and code points part: halves of pairs, marks, joined signs, and lengths. */
const strangeKey = fc.constantFrom(
  '🚩',
  '\u{10ffff}',
  '\ud83d',
  'a\udea9b',
  '\udea9\ud83d',
  'é',
  'e\u0301',
  'Z\u0351\u036b\u0343',
  '👩\u200d👩\u200d👧',
  'ﷺ',
  '\0',
  '\u0080',
  '\u07ff\u0800\uffff',
  ' ',
  '\u202e',
  'x'.repeat(10_000),
  '🚩é'.repeat(2_000),
);
export const key = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }) },
  { weight: 2, arbitrary: fc.uuid() },
  { weight: 2, arbitrary: nonAsciiKey },
  strangeKey,
  fc.constantFrom('', 0, 42, 9_007_199_254_740_991, null, undefined),
);

/** What a well-meaning caller sends: now and then without an attribute, or with one of another type. */
export const context: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    targetingKey: key,
    account: key,
    service: fc.constantFrom(...SERVICES, undefined),
    country: fc.option(scalar, absent),
    age: fc.option(age, { nil: null, freq: 5 }),
    version: fc.option(fc.constantFrom(...VERSIONS, 2), absent),
    roles: fc.option(fc.oneof(fc.subarray(['pro', 'team', 'admin']), fc.constantFrom(...PLANS)), absent),
    code: fc.option(fc.constantFrom(1, '1', 2, '2', 0, 10, '10'), absent),
    user: fc.option(
      fc.record({ plan: fc.constantFrom(...PLANS, null), version: fc.constantFrom(...VERSIONS) }),
      absent,
    ),
    a: fc.oneof(inTheWay, fc.record({ b: fc.oneof(inTheWay, fc.record({ c: scalar })) })),
  })
  .map(fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
