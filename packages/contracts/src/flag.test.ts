import { OpenAPIHono } from '@hono/zod-openapi';
import { describe, expect, test } from 'vitest';
import { FeatureFlag, FeatureFlagUpdate, MAX_FLAG_SIZE, Segment } from './flag.ts';

const PLAIN = {
  flag_name: 'new_risk_model',
  enabled: true,
  rollout_percentage: 12.5,
  target_services: ['risk'],
  conditions: { country: 'CH' },
  description: 'the model of spring',
};
const VARIANTS = { variants: { off: 0, low: 1, high: 2 }, default_variant: 'low' };

const faults = (schema: typeof FeatureFlag | typeof FeatureFlagUpdate | typeof Segment, value: unknown) =>
  schema.safeParse(value).error?.issues.map(issue => issue.path.join('.')) ?? [];

test('the six fields of a plain flag are enough, and stay as they are', () => {
  expect(FeatureFlag.parse(PLAIN)).toEqual(PLAIN);
});

test('a flag with everything', () => {
  const flag = {
    ...PLAIN,
    ...VARIANTS,
    value_type: 'number',
    off_variant: 'off',
    rules: [
      { when: { plan: ['team'], $not: { $segment: 'beta' } }, serve: 'high' },
      {
        when: {},
        split: [
          ['high', 1],
          ['low', 2],
        ],
        bucket_by: 'account.id',
        salt: 'pepper',
      },
    ],
    bucket_by: 'targetingKey',
    salt: 'salt',
    hash_version: 2,
    prerequisites: [{ flag: 'base', variants: ['on'] }],
    metadata: { owner: 'risk' },
    archived: false,
    version: 3,
    created_by: 'ana',
    created_at: '2026-11-24T12:00:00Z',
    updated_by: 'ana',
    updated_at: '2026-11-24T12:00:00Z',
  };
  expect(FeatureFlag.parse(flag)).toEqual(flag);
});

describe('a refusal names the field', () => {
  const own = (text: string): unknown => JSON.parse(text);
  test.each<[string, object, string]>([
    ['a name with a slash', { flag_name: 'a/b' }, 'flag_name'],
    ['a name that reaches a prototype', { flag_name: '__proto__' }, 'flag_name'],
    ['a name that leads up in a URL', { flag_name: '..' }, 'flag_name'],
    ['three decimals', { rollout_percentage: 33.333 }, 'rollout_percentage'],
    ['more than all', { rollout_percentage: 100.01 }, 'rollout_percentage'],
    ['an unknown field', { colour: 'red' }, ''],
    ['a pattern', { conditions: { name: { matches: '(a+)+$' } } }, 'conditions.name.matches'],
    ['no operator', { conditions: { name: {} } }, 'conditions.name'],
    ['null', { conditions: { name: null } }, 'conditions.name'],
    ['NaN', { conditions: { age: { gt: Number.NaN } } }, 'conditions.age.gt'],
    ['a text as a bound', { conditions: { age: { gt: '18' } } }, 'conditions.age.gt'],
    ['a range turned round', { conditions: { age: { between: [9, 1] } } }, 'conditions.age.between'],
    ['half a version', { conditions: { v: { semver_gt: '1.2' } } }, 'conditions.v.semver_gt'],
    ['an empty list', { conditions: { country: [] } }, 'conditions.country'],
    ['a path to a prototype', { conditions: { 'a.constructor': 1 } }, 'conditions.a.constructor'],
    ['a key of a prototype', { conditions: own('{"__proto__":{"eq":1}}') as object }, 'conditions.__proto__'],
    ['an unknown composition', { conditions: { $xor: [] } }, 'conditions.$xor'],
    [
      'a fault deep within',
      { conditions: { $or: [{ a: 1 }, { $not: { b: null } }] } },
      'conditions.$or.1.$not.b',
    ],
    [
      'nesting',
      { conditions: { $not: { $not: { $not: { $not: { $not: { a: 1 } } } } } } },
      'conditions.$not.$not.$not.$not.$not',
    ],
    [
      'too many tests',
      { conditions: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`a${i}`, 1])) },
      'conditions',
    ],
    ['two types of values', { ...VARIANTS, variants: { off: 0, low: 1, high: 'x' } }, 'variants.high'],
    ['a list as a value', { variants: { on: [1] }, default_variant: 'on' }, 'variants.on'],
    [
      'a variant of a prototype',
      { ...VARIANTS, variants: own('{"off":0,"low":1,"__proto__":2}') },
      'variants',
    ],
    ['no such default', { ...VARIANTS, default_variant: 'mid' }, 'default_variant'],
    ['no such variant in a rule', { ...VARIANTS, rules: [{ when: {}, serve: 'mid' }] }, 'rules.0.serve'],
    ['neither served nor split', { rules: [{ when: {} }] }, 'rules.0'],
    ['no weight', { rules: [{ when: {}, split: { on: 0 } }] }, 'rules.0.split'],
    [
      'a rule that is never reached',
      {
        rules: [
          { when: {}, serve: 'on' },
          { when: {}, serve: 'off' },
        ],
      },
      'rules.1',
    ],
    ['another hash', { hash_version: 3 }, 'hash_version'],
    ['a huge flag', { conditions: { a: { in: Array.from({ length: 1000 }, () => 'x'.repeat(200)) } } }, ''],
  ])('%s', (_, fields, field) => {
    expect(faults(FeatureFlag, { ...PLAIN, ...fields })).toEqual([field]);
  });

  test('a segment has no segments', () => {
    const segment = { segment_name: 'beta', conditions: { $segment: 'alpha' } };
    expect(faults(Segment, segment)).toEqual(['conditions.$segment']);
    expect(MAX_FLAG_SIZE).toBe(100_000);
  });
});

test('an update says some of it, and null takes an extension away', () => {
  const update = { enabled: false, variants: null, reason: 'too slow', updated_by: 'ana' };
  expect(FeatureFlagUpdate.parse(update)).toEqual(update);
  expect(faults(FeatureFlagUpdate, { enabled: null })).toEqual(['enabled']);
  expect(faults(FeatureFlagUpdate, { version: 5 })).toEqual(['']);
});

test('OpenAPI can say and names them', () => {
  const app = new OpenAPIHono();
  const content = (schema: typeof FeatureFlag | typeof FeatureFlagUpdate | typeof Segment) => ({
    description: '',
    content: { 'application/json': { schema } },
  });
  app.openAPIRegistry.registerPath({
    method: 'put',
    path: '/flag',
    request: { body: content(FeatureFlagUpdate) },
    responses: { 200: content(FeatureFlag), 201: content(Segment) },
  });
  const { components } = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '1' } });
  const schemas = components?.schemas ?? {};
  expect(Object.keys(schemas)).toEqual(
    expect.arrayContaining([
      'FeatureFlag',
      'FeatureFlagUpdate',
      'FlagRule',
      'Prerequisite',
      'Segment',
      'Split',
    ]),
  );
  expect(schemas.FeatureFlag).toMatchObject({
    required: ['flag_name', 'enabled', 'rollout_percentage'],
    properties: { variants: { type: 'object' }, conditions: { type: 'object' } },
  });
});
