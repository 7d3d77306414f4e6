/**
 * What a flag may ask of a context. A map of tests that all must hold:
 *
 *     { "country": "CH",                                equality, of the same type
 *       "plan": ["pro", "team"],                        one of these
 *       "user.age": { "gte": 18, "lt": 65 },            operators; dotted keys lead into objects
 *       "$or": [{ … }, { … }], "$not": { … }, "$segment": "beta" }
 *
 * Nothing here takes a regular expression: what one pattern costs can't be bounded.
 */
import { z } from '@hono/zod-openapi';

export type Scalar = string | number | boolean;

/** Operators and what they compare with. Numbers are ordered, texts are not: JsonLogic's engines disagree there. */
export const OPERATORS = {
  eq: 'scalar',
  ne: 'scalar',
  /** JsonLogic's `==`: `1` equals `"1"`. For flags that come from flagd. */
  loose_eq: 'scalar',
  loose_ne: 'scalar',
  in: 'scalars',
  not_in: 'scalars',
  gt: 'number',
  gte: 'number',
  lt: 'number',
  lte: 'number',
  /** `[low, high]`, both included. */
  between: 'range',
  semver_eq: 'version',
  semver_ne: 'version',
  semver_gt: 'version',
  semver_gte: 'version',
  semver_lt: 'version',
  semver_lte: 'version',
  /** The same major version. */
  'semver_^': 'version',
  /** The same major and minor version. */
  'semver_~': 'version',
  starts_with: 'text',
  ends_with: 'text',
  /** A text within a text, or a member of a list. */
  contains: 'text',
  /** Whether the attribute is there and not null. */
  exists: 'boolean',
} as const satisfies Record<string, OperandKind>;

type OperandKind = 'scalar' | 'scalars' | 'number' | 'range' | 'version' | 'text' | 'boolean';
export type Operator = keyof typeof OPERATORS;
export type Operand = Scalar | readonly Scalar[];

/** A map that passed {@link Conditions}. */
export type Conditions = { readonly [key: string]: unknown };

export const MAX_CONDITION_DEPTH = 5;
/** Tests of one map, those of nested maps among them. */
export const MAX_CONDITIONS = 200;
export const MAX_LIST = 1000;
export const MAX_TEXT = 500;
const MAX_PATH = 100;
const MAX_PATH_DEPTH = 8;

const ATTRIBUTE = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Names that reach a prototype where someone uses them to index an object. */
export const isForbiddenName = (name: string): boolean => FORBIDDEN.has(name);

/** What is wrong with the name of an attribute; `undefined` where nothing is. */
export function attributeFault(path: string): string | undefined {
  if (path.length > MAX_PATH || !ATTRIBUTE.test(path)) {
    return `is no attribute: letters, digits, _ and -, with dots between, ${MAX_PATH} characters at the most`;
  }
  const parts = path.split('.');
  if (parts.length > MAX_PATH_DEPTH) return `leads deeper than ${MAX_PATH_DEPTH} levels`;
  return parts.some(isForbiddenName) ? 'is a reserved name' : undefined;
}

type Report = (path: (string | number)[], message: string) => void;

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= MAX_TEXT && value.isWellFormed();
const isScalar = (value: unknown): boolean =>
  isText(value) || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);

const OPERANDS: Record<OperandKind, readonly [holds: (operand: unknown) => boolean, message: string]> = {
  scalar: [isScalar, `must be a text of at most ${MAX_TEXT} characters, a finite number or a boolean`],
  scalars: [
    value => Array.isArray(value) && value.length > 0 && value.length <= MAX_LIST && value.every(isScalar),
    `must be a list of 1 to ${MAX_LIST} texts, numbers or booleans`,
  ],
  number: [isNumber, 'must be a finite number'],
  range: [
    value =>
      Array.isArray(value) &&
      value.length === 2 &&
      value.every(isNumber) &&
      Number(value[0]) <= Number(value[1]),
    'must be [low, high], both finite numbers',
  ],
  version: [
    value => isText(value) && VERSION.test(value as string),
    'must be a semantic version, such as 1.4.0 or 2.0.0-rc.1',
  ],
  text: [value => isText(value) && value !== '', `must be a text of 1 to ${MAX_TEXT} characters`],
  boolean: [value => typeof value === 'boolean', 'must be true or false'],
};

/** Reports every fault with its path. Depth is bounded before it is walked. */
function checkConditions(conditions: Record<string, unknown>, segments: boolean, report: Report): void {
  let count = 0;
  const walk = (map: unknown, path: (string | number)[], depth: number): void => {
    if (!isMap(map)) report(path, 'must be a map of conditions');
    else if (depth > MAX_CONDITION_DEPTH) report(path, `nests deeper than ${MAX_CONDITION_DEPTH}`);
    else tests(map, path, depth);
  };
  const tests = (map: Record<string, unknown>, path: (string | number)[], depth: number) => {
    for (const [key, value] of Object.entries(map)) {
      count++;
      if (key === '$not') walk(value, [...path, key], depth + 1);
      else if (key === '$and' || key === '$or') composition(value, [...path, key], depth);
      else if (key === '$segment') segment(value, [...path, key]);
      else attribute(key, value, [...path, key]);
    }
  };
  const composition = (value: unknown, path: (string | number)[], depth: number) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_CONDITIONS) {
      return report(path, `must be a list of 1 to ${MAX_CONDITIONS} maps of conditions`);
    }
    for (const [index, item] of value.entries()) walk(item, [...path, index], depth + 1);
  };
  const segment = (value: unknown, path: (string | number)[]) => {
    if (!segments) report(path, 'is not allowed in a segment');
    else if (typeof value !== 'string' || value === '') report(path, 'must be the name of a segment');
  };
  const attribute = (key: string, value: unknown, path: (string | number)[]) => {
    const fault = attributeFault(key);
    if (fault !== undefined) return report(path, fault);
    if (Array.isArray(value)) return operand('in', value, path);
    if (!isMap(value)) return operand('eq', value, path);
    const operators = Object.entries(value);
    if (operators.length === 0) report(path, 'has no operator');
    count += operators.length;
    for (const [operator, wanted] of operators) {
      if (Object.hasOwn(OPERATORS, operator)) operand(operator as Operator, wanted, [...path, operator]);
      else report([...path, operator], `is no operator: ${Object.keys(OPERATORS).join(', ')}`);
    }
  };
  const operand = (operator: Operator, value: unknown, path: (string | number)[]) => {
    const [holds, message] = OPERANDS[OPERATORS[operator]];
    if (!holds(value)) report(path, message);
  };
  walk(conditions, [], 1);
  if (count > MAX_CONDITIONS) report([], `has more than ${MAX_CONDITIONS} tests`);
}

/** Sees the value as it came: a record schema would drop `__proto__` without a word. */
const conditionsSchema = (segments: boolean) =>
  z
    .custom<Conditions>(isMap, 'must be a map of conditions')
    .superRefine((value, context) => {
      checkConditions(value, segments, (path, message) =>
        context.addIssue({ code: 'custom', path, message }),
      );
    })
    .openapi({ type: 'object', additionalProperties: true, example: { country: 'CH', age: { gte: 18 } } });

export const Conditions = conditionsSchema(true);
/** A segment's: without `$segment`, so that there is no circle of them. */
export const SegmentConditions = conditionsSchema(false);
