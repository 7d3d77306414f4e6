/** What a context can do to an evaluation: nothing. */
import { FeatureFlag, type FlagRule } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { context, flags, segments } from '../test/arbitraries.ts';
import { evaluate, evaluateAll } from './evaluate.ts';
import { createFlagSet } from './flag-set.ts';

const flagOf = (fields: Partial<FeatureFlag>): FeatureFlag =>
  FeatureFlag.parse({ flag_name: 'flag', enabled: true, rollout_percentage: 100, ...fields });
const answer = (fields: Partial<FeatureFlag>, attributes: unknown) => {
  const { value, variant, reason } = evaluate(createFlagSet([flagOf(fields)]), 'flag', attributes);
  return [value, variant, reason];
};

describe('a plain flag', () => {
  test.each<[string, Partial<FeatureFlag>, Record<string, unknown>, unknown[]]>([
    ['on for all', {}, {}, [true, 'on', 'STATIC']],
    ['not enabled', { enabled: false, conditions: { a: 1 } }, { a: 1 }, [false, 'off', 'STATIC']],
    ['archived', { archived: true }, {}, [false, 'off', 'DISABLED']],
    ['at 0 %', { rollout_percentage: 0 }, {}, [false, 'off', 'STATIC']],
    ['for its service', { target_services: ['risk'] }, { service: 'risk' }, [true, 'on', 'TARGETING_MATCH']],
    ['for another', { target_services: ['risk'] }, { service: 'orders' }, [false, 'off', 'DEFAULT']],
    ['no service said', { target_services: ['risk'] }, {}, [false, 'off', 'DEFAULT']],
    [
      'met',
      { conditions: { 'user.plan': ['pro'] } },
      { user: { plan: 'pro' } },
      [true, 'on', 'TARGETING_MATCH'],
    ],
    ['not met', { conditions: { 'user.plan': ['pro'] } }, { 'user.plan': 'pro' }, [false, 'off', 'DEFAULT']],
    ['a share without a key', { rollout_percentage: 99.99 }, { targetingKey: '' }, [false, 'off', 'DEFAULT']],
    ['a share', { rollout_percentage: 99.99 }, { targetingKey: 'a' }, [true, 'on', 'SPLIT']],
  ])('%s', (_, fields, attributes, expected) => {
    expect(answer(fields, attributes)).toEqual(expected);
  });
});

describe('rules', () => {
  const rules: FlagRule[] = [
    { when: { plan: 'team' }, serve: 'high' },
    { when: { plan: 'pro' }, split: { low: 1, high: 1 } },
  ];
  const fields = { variants: { off: 0, low: 1, high: 2 }, default_variant: 'low', rules };

  test.each<[Record<string, unknown>, unknown[]]>([
    [{ plan: 'team' }, [2, 'high', 'TARGETING_MATCH']],
    [{ plan: 'pro', targetingKey: 'c' }, [1, 'low', 'SPLIT']],
    [{ plan: 'pro', targetingKey: 'a' }, [2, 'high', 'SPLIT']],
    [{ plan: 'pro' }, [0, 'off', 'DEFAULT']],
    [{ plan: 'free' }, [1, 'low', 'TARGETING_MATCH']],
  ])('%j', (attributes, expected) => {
    expect(answer(fields, attributes)).toEqual(expected);
  });
});

describe('contexts of any kind', () => {
  const hostile = fc.oneof(
    context,
    fc.object({ maxDepth: 3 }),
    fc.anything({
      withNullPrototype: true,
      withBigInt: true,
      withDate: true,
      withMap: true,
      withTypedArray: true,
    }),
    fc.dictionary(
      fc.constantFrom('country', 'age', 'user', 'roles', 'version', 'targetingKey', 'service', 'code', 'a'),
      fc.anything({ withBigInt: true, withNullPrototype: true }),
    ),
  );

  test('none makes an evaluation throw, and the same one gets the same answer again', () => {
    fc.assert(
      fc.property(flags(8), fc.array(hostile, { maxLength: 20 }), (definitions, contexts) => {
        const set = createFlagSet(definitions, segments);
        for (const attributes of contexts) {
          const answers = evaluateAll(set, attributes);
          expect(answers.map(([name]) => evaluate(set, name, attributes))).toEqual(
            answers.map(([, each]) => each),
          );
        }
      }),
    );
  });

  const throwing = new Proxy(
    {},
    {
      getOwnPropertyDescriptor() {
        throw new Error('no');
      },
    },
  );
  const getter = {
    get country() {
      throw new Error('no');
    },
  };
  test.each([
    ['a proxy', throwing],
    ['a getter', getter],
  ])('%s that throws is INVALID_CONTEXT', (_, attributes) => {
    const set = createFlagSet([flagOf({ conditions: { country: 'CH' } })]);
    expect(evaluate(set, 'flag', attributes)).toMatchObject({
      reason: 'ERROR',
      errorCode: 'INVALID_CONTEXT',
    });
  });

  test.each([[[]], ['text'], [5], [true], [() => {}], [Symbol('x')]])('%s is no context', attributes => {
    const set = createFlagSet([flagOf({ conditions: { country: 'CH' } })]);
    expect(evaluate(set, 'flag', attributes).errorCode).toBe('INVALID_CONTEXT');
  });

  test.each([[undefined], [null]])('%s is an empty one', attributes => {
    expect(answer({ conditions: { country: { ne: 'CH' } } }, attributes)).toEqual([
      true,
      'on',
      'TARGETING_MATCH',
    ]);
  });

  test('circles, NaN, prototypes and huge texts are just values', () => {
    const circle: Record<string, unknown> = { name: Number.NaN };
    circle.user = circle;
    expect(answer({ conditions: { 'user.user.user.name': { gt: 1 } } }, circle)).toEqual([
      false,
      'off',
      'DEFAULT',
    ]);
    const inherited = Object.create({ country: 'CH' });
    expect(answer({ conditions: { country: 'CH' } }, inherited)[1]).toBe('off');
    expect(answer({ conditions: { valueOf: { exists: true } } }, {})[1]).toBe('off');
    expect(
      answer(
        { rollout_percentage: 100, conditions: { big: { ends_with: 'b' } } },
        { big: `${'a'.repeat(1e6)}b` },
      )[1],
    ).toBe('on');
  });
});

test('an answer can’t be changed by who gets it', () => {
  const set = createFlagSet([flagOf({ variants: { a: { deep: { limit: 1 } } }, default_variant: 'a' })]);
  const { value } = evaluate(set, 'flag', {});
  expect(() => Object.assign((value as { deep: object }).deep, { limit: 2 })).toThrow(TypeError);
  expect(set.flags.get('flag')!.flag.variants).toEqual({ a: { deep: { limit: 1 } } });
});

test('a flag that is not there', () => {
  expect(evaluate(createFlagSet([]), 'toString', {})).toMatchObject({
    value: undefined,
    reason: 'ERROR',
    errorCode: 'FLAG_NOT_FOUND',
  });
});

test('the order in which a flag was written makes no difference', () => {
  const turned = <T>(value: T): T => {
    if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, name === 'rules' ? member.map(turned) : turned(member)]),
    ) as T;
  };
  fc.assert(
    fc.property(flags(6), fc.array(context, { maxLength: 20 }), (definitions, contexts) => {
      const [one, other] = [
        createFlagSet(definitions, segments),
        createFlagSet(definitions.map(turned).reverse(), segments),
      ];
      for (const attributes of contexts) {
        for (const { flag_name } of definitions) {
          expect(evaluate(other, flag_name, attributes)).toEqual(evaluate(one, flag_name, attributes));
        }
      }
    }),
  );
});
