import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FeatureFlag } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../evaluate.ts';
import { createFlagSet } from '../flag-set.ts';
import type { JsonLogic } from './document.ts';
import { toFlagd } from './export.ts';
import { fromFlagd } from './import.ts';

const DOCUMENT = join(resolve(import.meta.dirname, '../../../..'), '../shared/data/otel-demo.flagd.json');
const BOOLEAN = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };

/** A few flags of each kind that the public system has, for a tree without its file beside it. */
const SMALL = {
  $schema: 'https://flagd.dev/schema/v0/flags.json',
  flags: {
    adFailure: { ...BOOLEAN, description: 'Fail ad service' },
    cartFailure: { ...BOOLEAN, variants: { '10%': 0.1, '100%': 1, off: 0 } },
    traffic: { ...BOOLEAN, variants: { off: 0, on: 1 }, defaultVariant: 'on' },
    users: { ...BOOLEAN, variants: { '10': 10, '5': 5 }, defaultVariant: '5', metadata: { owner: 'load' } },
    catalog: {
      ...BOOLEAN,
      targeting: { if: [{ '==': [{ var: 'product_id' }, 'OLJCESPC7Z'] }, 'off', 'off'] },
    },
  },
};

const roundTrip = (document: unknown) => {
  const { flags, problems, metadata } = fromFlagd(document);
  expect(problems).toEqual([]);
  return JSON.parse(JSON.stringify(toFlagd(createFlagSet(flags), metadata ? { metadata } : {})));
};

describe('a document comes back as it was', () => {
  test.skipIf(!existsSync(DOCUMENT))('of a public system of fifteen flags', () => {
    const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
    expect(Object.keys(document.flags).length).toBe(15);
    expect(roundTrip(document)).toEqual(document);
  });

  test('of the same kinds of flags', () => {
    expect(roundTrip({ ...SMALL, metadata: { flagSetId: 'shop' } })).toEqual({
      ...SMALL,
      metadata: { flagSetId: 'shop' },
    });
  });
});

test('a plain flag comes back as it was', () => {
  const flag = FeatureFlag.parse({
    flag_name: 'plain',
    enabled: true,
    rollout_percentage: 33.33,
    target_services: ['risk'],
    conditions: { country: ['CH', 'AT'], 'user.age': { gte: 18, lt: 65 }, beta: true },
    description: 'for adults',
  });
  expect(fromFlagd(toFlagd(createFlagSet([flag]))).flags).toEqual([flag]);
});

const targeted = (targeting: unknown, fields: object = {}) =>
  fromFlagd({ flags: { flag: { ...BOOLEAN, targeting, ...fields } } });

describe('targeting as people write it', () => {
  test.each<[string, JsonLogic, Record<string, unknown>, string, string]>([
    [
      'ends_with',
      { if: [{ ends_with: [{ var: 'email' }, '@q.ch'] }, 'on'] },
      { email: 'a@q.ch' },
      'on',
      'TARGETING_MATCH',
    ],
    [
      'not met',
      { if: [{ ends_with: [{ var: 'email' }, '@q.ch'] }, 'on'] },
      { email: 'a@x.ch' },
      'off',
      'DEFAULT',
    ],
    [
      'in a list',
      { if: [{ in: [{ var: 'country' }, ['CH', 'AT']] }, 'on', 'off'] },
      { country: 'AT' },
      'on',
      'TARGETING_MATCH',
    ],
    [
      'in a text',
      { if: [{ in: ['@q.ch', { var: ['email'] }] }, 'on'] },
      { email: 'a@q.ch.x' },
      'on',
      'TARGETING_MATCH',
    ],
    [
      'versions',
      { if: [{ sem_ver: [{ var: 'version' }, '>=', '2.1.0'] }, 'on'] },
      { version: '2.10.0' },
      'on',
      'TARGETING_MATCH',
    ],
    ['a number first', { if: [{ '<': [18, { var: 'age' }] }, 'on'] }, { age: 19 }, 'on', 'TARGETING_MATCH'],
    ['absent as 0', { if: [{ '<': [{ var: 'age' }, 18] }, 'on'] }, {}, 'on', 'TARGETING_MATCH'],
    ['between', { if: [{ '<=': [1, { var: 'age' }, 5] }, 'on'] }, { age: 5 }, 'on', 'TARGETING_MATCH'],
    [
      'neither',
      { if: [{ '!': { or: [{ '==': [{ var: 'a' }, 1] }, { '===': [{ var: 'b' }, null] }] } }, 'on'] },
      { b: 2 },
      'on',
      'TARGETING_MATCH',
    ],
    [
      'a chain',
      { if: [{ '===': [{ var: 'a' }, 1] }, 'off', { '===': [{ var: 'a' }, 2] }, 'on', 'off'] },
      { a: 2 },
      'on',
      'TARGETING_MATCH',
    ],
    [
      'a split',
      {
        fractional: [
          ['on', 1],
          ['off', 0],
        ],
      },
      { targetingKey: 'x' },
      'on',
      'SPLIT',
    ],
    ['a split without a key', { fractional: [['on'], ['on']] }, {}, 'off', 'DEFAULT'],
  ])('%s', (_, targeting, attributes, variant, reason) => {
    const { flags, problems } = targeted(targeting);
    expect(problems).toEqual([]);
    expect(evaluate(createFlagSet(flags), 'flag', attributes)).toMatchObject({ variant, reason });
  });

  test('shared evaluators are written out', () => {
    const { flags } = fromFlagd({
      $evaluators: { staff: { in: ['@q.ch', { var: 'email' }] } },
      flags: { flag: { ...BOOLEAN, targeting: { if: [{ $ref: 'staff' }, 'on'] } } },
    });
    expect(flags[0]!.rules).toEqual([{ when: { email: { contains: '@q.ch' } }, serve: 'on' }]);
  });

  test('a DISABLED flag is archived', () => {
    const { flags } = fromFlagd({ flags: { flag: { ...BOOLEAN, state: 'DISABLED', defaultVariant: 'on' } } });
    expect(flags[0]).toMatchObject({ enabled: false, archived: true });
    expect(toFlagd(createFlagSet(flags)).flags.flag).toEqual({
      ...BOOLEAN,
      state: 'DISABLED',
      defaultVariant: 'on',
    });
  });
});

describe('what can’t be said is named, and the others come in', () => {
  const nested = (depth: number): JsonLogic => (depth === 0 ? 'on' : { if: [true, nested(depth - 1)] });
  test.each<[string, unknown, object, RegExp]>([
    ['arithmetic', { if: [{ '>': [{ '%': [{ var: 'id' }, 2] }, 0] }, 'on'] }, {}, /attribute with a literal/],
    ['truth of an attribute', { if: [{ var: 'beta' }, 'on'] }, {}, /no counterpart/],
    ['the time', { if: [{ '>': [{ var: '$flagd.timestamp' }, 5] }, 'on'] }, {}, /is no attribute/],
    ['a prototype', { if: [{ '==': [{ var: '__proto__.x' }, 5] }, 'on'] }, {}, /reserved/],
    [
      'a bucket for all',
      { fractional: [{ cat: ['s', { var: 'email' }] }, ['on', 1]] },
      {},
      /would be in one bucket/,
    ],
    ['a computed weight', { fractional: [['on', { var: 'w' }]] }, {}, /no variant with a weight/],
    ['a variant that is not there', { if: [{ '==': [{ var: 'a' }, 5] }, 'red'] }, {}, /no variant red/],
    ['an unknown evaluator', { if: [{ $ref: 'gone' }, 'on'] }, {}, /no evaluator gone/],
    ['depth', nested(200), {}, /deeper/],
    ['no default', {}, { defaultVariant: null }, /code's own default/],
    ['lists', {}, { variants: { on: [1], off: [] } }, /must be a boolean/],
    ['a field of its own', {}, { owner: 'me' }, /not known/],
  ])('%s', (_, targeting, fields, message) => {
    const { flags, problems } = targeted(targeting, fields);
    expect(flags).toEqual([]);
    expect(problems).toMatchObject([{ flag: 'flag', message: expect.stringMatching(message) }]);
  });

  test('what stands beside the flags, but for what names the document', () => {
    const named = { flagSetId: 'shop', version: '4' };
    const flags = { flag: BOOLEAN };
    expect(fromFlagd({ $schema: 'x', $evaluators: {}, metadata: named, flags }).problems).toEqual([]);
    const { problems } = fromFlagd({ owner: 'me', metadata: { ...named, team: 'us' }, flags });
    expect(problems.map(({ flag, field }) => [flag, field])).toEqual([
      ['', 'owner'],
      ['', 'metadata.team'],
    ]);
  });

  test('evaluators that refer to themselves', () => {
    const both = { and: [{ $ref: 'a' }, { $ref: 'a' }] };
    const document = {
      $evaluators: { a: both },
      flags: { flag: { ...BOOLEAN, targeting: { if: [both, 'on'] } } },
    };
    expect(fromFlagd(document).problems.length).toBe(1);
  });

  test.each([[null], [[]], ['text'], [{}], [{ flags: [] }]])('%j is no document', document => {
    expect(fromFlagd(document)).toMatchObject({ flags: [], problems: [{ flag: '', field: 'flags' }] });
  });
});

test('any JSON is read without throwing, and a flag is imported or named, never both or neither', () => {
  const operator = fc.constantFrom(
    'if',
    'and',
    'or',
    '!',
    '!!',
    '==',
    '<',
    '<=',
    'in',
    'var',
    'fractional',
    'cat',
    'sem_ver',
  );
  const { logic } = fc.letrec<{ logic: unknown }>(tie => ({
    logic: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('on', 'off', 'country', 1, true, null, {}),
      fc.tuple(operator, fc.array(tie('logic'), { maxLength: 4 })).map(([name, args]) => ({ [name]: args })),
      fc.array(tie('logic'), { maxLength: 3 }),
    ),
  }));
  const flag = fc.oneof(
    fc.jsonValue(),
    logic.map(targeting => ({ ...BOOLEAN, targeting })),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), flag), flags => {
      const read = fromFlagd({ flags });
      const named = [...read.flags.map(each => each.flag_name), ...read.problems.map(each => each.flag)];
      expect(named.sort()).toEqual(Object.keys(flags).sort());
      createFlagSet(read.flags);
    }),
    { numRuns: 500 },
  );
});
