import { Conditions } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import type { Context } from './attributes.ts';
import { compileConditions } from './conditions.ts';
import { UNOBSERVED } from './observer.ts';

const adults = () => true;
const holds = (conditions: unknown, context: Context): boolean =>
  compileConditions(Conditions.parse(conditions), new Map([['adults', adults]]), UNOBSERVED, '')(context);

/** Values of every type that a context can hold. */
const VALUES = [
  undefined,
  null,
  true,
  false,
  0,
  1,
  18,
  '',
  '18',
  'CH',
  Number.NaN,
  [],
  ['CH'],
  {},
  { a: 1 },
  1n,
];

describe('a test of one attribute holds for these values and no others', () => {
  test.each<[unknown, unknown[]]>([
    ['CH', ['CH']],
    [18, [18]],
    [true, [true]],
    [
      ['CH', 18],
      [18, 'CH'],
    ],
    [{ eq: '' }, ['']],
    [{ ne: 'CH' }, VALUES.filter(value => value !== 'CH')],
    [{ loose_eq: 18 }, [18, '18']],
    [{ loose_eq: '1' }, [true, 1, 1n]],
    [{ loose_ne: 18 }, VALUES.filter(value => value !== 18 && value !== '18')],
    [{ in: [1, ''] }, [1, '']],
    [{ not_in: [1, ''] }, VALUES.filter(value => value !== 1 && value !== '')],
    [{ gt: 0 }, [1, 18]],
    [{ gte: 0 }, [0, 1, 18]],
    [{ lt: 18 }, [0, 1]],
    [{ lte: 18 }, [0, 1, 18]],
    [{ between: [1, 18] }, [1, 18]],
    [{ gt: 0, lt: 18 }, [1]],
    [{ starts_with: '1' }, ['18']],
    [{ ends_with: '8' }, ['18']],
    [{ contains: 'CH' }, ['CH', ['CH']]],
    [{ exists: true }, VALUES.filter(value => value !== undefined && value !== null)],
    [{ exists: false }, [undefined, null]],
    [{ semver_gte: '1.0.0' }, [1, 18, '18']],
  ])('%j', (operators, met) => {
    expect(VALUES.filter(value => holds({ attribute: operators }, { attribute: value }))).toEqual(met);
  });
});

test.each<[unknown, Context, boolean]>([
  [{ 'a.b.c.d': 1 }, { a: { b: { c: { d: 1 } } } }, true],
  [{ 'a.b': 1 }, { 'a.b': 1 }, false],
  [{ 'a.0': 'x' }, { a: ['x'] }, true],
  [{ 'a.length': 3 }, { a: 'abc' }, false],
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [{ $and: [{ a: 1 }, { a: { lt: 2 } }] }, { a: 1 }, true],
  [{ $or: [{ a: 1, b: 1 }, { b: 2 }] }, { a: 1, b: 2 }, true],
  [{ $or: [{ a: 1, b: 1 }] }, { a: 1, b: 2 }, false],
  [{ $not: { a: 1, b: 1 } }, { a: 1, b: 2 }, true],
  [{ $segment: 'adults', a: 1 }, { a: 1 }, true],
  [{ a: 1, b: 1, c: 1, d: 1 }, { a: 1, b: 1, c: 1, d: 1 }, true],
  [{ a: 1, b: 1, c: 1, d: 1 }, { a: 1, b: 1, c: 1, d: 2 }, false],
  [{}, {}, true],
])('%j of %j', (conditions, context, expected) => {
  expect(holds(conditions, context)).toBe(expected);
});
