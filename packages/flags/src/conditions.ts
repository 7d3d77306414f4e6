/** Conditions as closures. What an attribute may be is not known: every test takes any value, and none throws. */
import type { Conditions, Operand, Operator } from '@quantivista/contracts';
import { type Context, compileRead } from './attributes.ts';
import type { Observer } from './observer.ts';
import { compareVersions, parseVersion, type Version } from './semver.ts';

export type Test = (context: Context) => boolean;
/** Of one value. */
type Match = (value: unknown) => boolean;

/** Whether all hold. The lengths that flags have most are spelt out: a loop costs a third more. */
export function every(tests: readonly Test[]): Test {
  const [first, second, third] = tests;
  if (!first) return () => true;
  if (!second) return first;
  if (!third) return context => first(context) && second(context);
  if (tests.length === 3) return context => first(context) && second(context) && third(context);
  return context => {
    for (const test of tests) if (!test(context)) return false;
    return true;
  };
}

/** Whether an attribute is there: absent and null are one, as in JsonLogic. */
const isThere = (value: unknown): boolean => value !== undefined && value !== null;

const ordered =
  (holds: (value: number, than: number) => boolean) =>
  (than: Operand): Match =>
  value =>
    typeof value === 'number' && holds(value, than as number);

const versioned =
  (holds: (difference: number, version: Version, than: Version) => boolean) =>
  (operand: Operand): Match => {
    const than = parseVersion(operand)!;
    return value => {
      const version = parseVersion(value);
      return version !== undefined && holds(compareVersions(version, than), version, than);
    };
  };

/** JsonLogic's `==`, which equals texts with numbers; objects and what is absent equal nothing. */
const looselyEquals =
  (operand: Operand): Match =>
  value =>
    // biome-ignore lint/suspicious/noDoubleEquals: this operator is the loose one
    isThere(value) && typeof value !== 'object' && value == operand;

const isOneOf = (operand: Operand): Match => {
  const values: ReadonlySet<unknown> = new Set(operand as readonly unknown[]);
  return value => values.has(value);
};

const not =
  (compile: (operand: Operand) => Match) =>
  (operand: Operand): Match => {
    const match = compile(operand);
    return value => !match(value);
  };

const equals =
  (operand: Operand): Match =>
  value =>
    value === operand;

const text =
  (holds: (value: string, part: string) => boolean) =>
  (part: Operand): Match =>
  value =>
    typeof value === 'string' && holds(value, part as string);

const MATCHES: Record<Operator, (operand: Operand) => Match> = {
  eq: equals,
  ne: not(equals),
  loose_eq: looselyEquals,
  loose_ne: not(looselyEquals),
  in: isOneOf,
  not_in: not(isOneOf),
  gt: ordered((value, than) => value > than),
  gte: ordered((value, than) => value >= than),
  lt: ordered((value, than) => value < than),
  lte: ordered((value, than) => value <= than),
  between: operand => {
    const [low, high] = operand as [number, number];
    return value => typeof value === 'number' && low <= value && value <= high;
  },
  semver_eq: versioned(difference => difference === 0),
  semver_ne: versioned(difference => difference !== 0),
  semver_gt: versioned(difference => difference > 0),
  semver_gte: versioned(difference => difference >= 0),
  semver_lt: versioned(difference => difference < 0),
  semver_lte: versioned(difference => difference <= 0),
  'semver_^': versioned((_, version, than) => version.major === than.major),
  'semver_~': versioned((_, version, than) => version.major === than.major && version.minor === than.minor),
  starts_with: text((value, part) => value.startsWith(part)),
  ends_with: text((value, part) => value.endsWith(part)),
  contains: operand => value =>
    typeof value === 'string'
      ? value.includes(operand as string)
      : Array.isArray(value) && value.includes(operand),
  exists: operand => value => isThere(value) === operand,
};

/** An attribute's operators, in the order of their names: `"CH"` is `eq`, `["CH", "AT"]` is `in`. */
export function operatorsOf(test: unknown): readonly (readonly [Operator, Operand])[] {
  if (Array.isArray(test)) return [['in', test]];
  if (typeof test !== 'object') return [['eq', test as Operand]];
  return (Object.entries(test as object) as [Operator, Operand][]).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A map's tests, in the order of their keys, so that it is the same flag however the map was written. */
export const sortedConditions = (conditions: Conditions): readonly (readonly [string, unknown])[] =>
  Object.entries(conditions).sort(([a], [b]) => (a < b ? -1 : 1));

/**
 * @param segments the compiled segments by name; every one that is named must be there
 * @param path where the conditions stand in their flag, for the observer
 */
export function compileConditions(
  conditions: Conditions,
  segments: ReadonlyMap<string, Test>,
  observer: Observer,
  path: string,
): Test {
  const compile = (map: unknown, at: string): Test =>
    every(sortedConditions(map as Conditions).map(([key, test]) => compileOne(key, test, `${at}.${key}`)));
  const compileOne = (key: string, test: unknown, at: string): Test => {
    if (key === '$segment') return observer.test(`${at}.${test}`, segments.get(test as string)!);
    if (key === '$and') return observer.test(at, every(compileEach(test, at)));
    if (key === '$or') return observer.test(at, some(compileEach(test, at)));
    if (key === '$not') {
      const inner = compile(test, at);
      return observer.test(at, context => !inner(context));
    }
    return observer.test(at, compileAttribute(key, test));
  };
  const compileEach = (maps: unknown, at: string): Test[] =>
    (maps as readonly unknown[]).map((map, index) => compile(map, `${at}.${index}`));
  return compile(conditions, path);
}

const some =
  (tests: readonly Test[]): Test =>
  context =>
    tests.some(test => test(context));

function compileAttribute(path: string, test: unknown): Test {
  const read = compileRead(path);
  if (typeof test !== 'object') return context => read(context) === test;
  const matches = operatorsOf(test).map(([operator, operand]) => MATCHES[operator](operand));
  const [match] = matches;
  if (match && matches.length === 1) return context => match(read(context));
  return context => {
    const value = read(context);
    return matches.every(each => each(value));
  };
}
