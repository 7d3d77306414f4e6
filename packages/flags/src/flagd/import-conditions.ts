/**
 * JsonLogic as conditions, where they say the same. Comparisons of numbers are taken to be of numbers: JsonLogic
 * would also compare the text "20".
 */
import { attributeFault, type Conditions, type Operator } from '@quantivista/contracts';
import { formatVersion, parseVersion } from '../semver.ts';
import type { JsonLogic } from './document.ts';

/** Why something of a document can't be said here. */
export class NotExpressible extends Error {}

/** Operator and arguments of an expression; a single argument need not stand in a list. */
export function operation(expression: JsonLogic): readonly [operator: string, args: readonly JsonLogic[]] {
  if (typeof expression !== 'object' || expression === null || Array.isArray(expression)) {
    throw new NotExpressible(`${show(expression)} is no expression`);
  }
  const entries = Object.entries(expression);
  const [operator, value] = entries[0] ?? [];
  if (operator === undefined || value === undefined || entries.length > 1) {
    throw new NotExpressible(`${show(expression)} has not one operator`);
  }
  return [operator, Array.isArray(value) ? value : [value]];
}

export const show = (expression: unknown): string => {
  const text = JSON.stringify(expression) ?? 'undefined';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
};

/** The attribute that `{"var": path}` reads; `undefined` for every other expression. */
export function variable(expression: JsonLogic | undefined): string | undefined {
  if (typeof expression !== 'object' || expression === null || !('var' in expression)) return undefined;
  const [path, ...rest] = operation(expression)[1];
  return typeof path === 'string' && rest.length === 0 ? path : undefined;
}

const COMPARISONS: Readonly<Record<string, readonly [Operator, flipped: Operator]>> = {
  '===': ['eq', 'eq'],
  '!==': ['ne', 'ne'],
  '==': ['loose_eq', 'loose_eq'],
  '!=': ['loose_ne', 'loose_ne'],
  '>': ['gt', 'lt'],
  '>=': ['gte', 'lte'],
  '<': ['lt', 'gt'],
  '<=': ['lte', 'gte'],
};
const VERSIONS: Readonly<Record<string, Operator>> = {
  '=': 'semver_eq',
  '!=': 'semver_ne',
  '>': 'semver_gt',
  '>=': 'semver_gte',
  '<': 'semver_lt',
  '<=': 'semver_lte',
  '^': 'semver_^',
  '~': 'semver_~',
};
const HOLDS_FOR_ZERO: Partial<Record<Operator, (than: number) => boolean>> = {
  gt: than => than < 0,
  gte: than => than <= 0,
  lt: than => than > 0,
  lte: than => than >= 0,
};

/** @throws NotExpressible with what stands in the way */
export const readConditions = (expression: JsonLogic): Conditions => shorten(readCondition(expression));

/** `{"eq": "CH"}` and `{"in": […]}` as people write them. */
function shorten(conditions: Conditions): Conditions {
  const entries = Object.entries(conditions).map(([key, test]): [string, unknown] => {
    if (key === '$not') return [key, shorten(test as Conditions)];
    if (key.startsWith('$')) return [key, (test as Conditions[]).map(shorten)];
    const [[operator, operand] = [], ...more] = Object.entries(test as object);
    return [key, more.length === 0 && (operator === 'eq' || operator === 'in') ? operand : test];
  });
  return Object.fromEntries(entries);
}

function readCondition(expression: JsonLogic): Conditions {
  const [operator, args] = operation(expression);
  const [first, second, third] = args;
  if (operator === 'and') return readAnd(args);
  if (operator === 'or') return { $or: args.map(readCondition) };
  if (operator === '!' && args.length === 1) return { $not: readCondition(first!) };
  if (operator === 'in' && args.length === 2) return readIn(first!, second!);
  if ((operator === '<' || operator === '<=') && args.length === 3) {
    return readBetween(operator, first!, variable(second), third!);
  }
  if (operator in COMPARISONS && args.length === 2) return readComparison(operator, first!, second!);
  if (operator === 'starts_with' || operator === 'ends_with') return attribute(first, operator, second);
  const version = operator === 'sem_ver' ? VERSIONS[String(second)] : undefined;
  if (version) return attribute(first, version, readVersion(third));
  throw new NotExpressible(`${show(expression)} has no counterpart`);
}

function attribute(
  read: JsonLogic | undefined,
  operator: Operator,
  operand: JsonLogic | undefined,
): Conditions {
  const path = variable(read);
  const isLiteral = typeof operand !== 'object' || Array.isArray(operand);
  if (path === undefined || !isLiteral || operand === undefined) {
    throw new NotExpressible(`${operator} does not compare an attribute with a literal`);
  }
  const fault = attributeFault(path);
  if (fault !== undefined) throw new NotExpressible(`${show(path)} ${fault}`);
  return { [path]: { [operator]: operand } };
}

/** As it is written here: `v1` is `1.0.0`. */
function readVersion(operand: JsonLogic | undefined): string {
  const version = parseVersion(operand);
  if (!version) throw new NotExpressible(`${show(operand)} is no version`);
  return formatVersion(version);
}

function readIn(needle: JsonLogic, haystack: JsonLogic): Conditions {
  if (Array.isArray(haystack)) return attribute(needle, 'in', haystack);
  return attribute(haystack, 'contains', needle);
}

function readComparison(name: string, left: JsonLogic, right: JsonLogic): Conditions {
  const [operator, flipped] = COMPARISONS[name]!;
  const isFlipped = variable(left) === undefined;
  const [read, operand] = isFlipped ? [right, left] : [left, right];
  if (operand === null && name in { '==': 0, '===': 0, '!=': 0, '!==': 0 }) {
    return attribute(read, 'exists', name.startsWith('!'));
  }
  return compareWithAbsent(read, isFlipped ? flipped : operator, operand);
}

/** JsonLogic takes an absent attribute for 0. */
function compareWithAbsent(read: JsonLogic, operator: Operator, operand: JsonLogic): Conditions {
  const compared = attribute(read, operator, operand);
  if (!HOLDS_FOR_ZERO[operator]?.(operand as number)) return compared;
  return { $or: [compared, attribute(read, 'exists', false)] };
}

function readBetween(
  name: '<' | '<=',
  low: JsonLogic,
  path: string | undefined,
  high: JsonLogic,
): Conditions {
  if (path === undefined || typeof low !== 'number' || typeof high !== 'number') {
    throw new NotExpressible(`${name} does not compare an attribute with two numbers`);
  }
  const compared = { [path]: name === '<=' ? { between: [low, high] } : { gt: low, lt: high } };
  const holdsForZero = name === '<=' ? low <= 0 && 0 <= high : low < 0 && 0 < high;
  return holdsForZero ? { $or: [compared, { [path]: { exists: false } }] } : compared;
}

/** One map, as people write them, where no operator comes twice. */
function readAnd(args: readonly JsonLogic[]): Conditions {
  const maps = guarded(args) ?? args.map(readCondition);
  const merged = new Map<string, unknown>();
  for (const [key, test] of maps.flatMap(map => Object.entries(map))) {
    const present = merged.get(key) as object | undefined;
    const collides =
      present && (key.startsWith('$') || Object.keys(test as object).some(name => name in present));
    if (collides) return { $and: maps };
    merged.set(key, present ? { ...present, ...(test as object) } : test);
  }
  return Object.fromEntries(merged);
}

/** What the export writes for `lt: 18`: that the attribute is there, and below 18. */
function guarded(args: readonly JsonLogic[]): Conditions[] | undefined {
  if (args.length !== 2) return undefined;
  const [there, { $or: compared } = {} as Conditions] = args.map(readCondition);
  const [[path, test] = []] = Object.entries(there!);
  if (path === undefined || (test as { exists?: unknown }).exists !== true || !Array.isArray(compared)) {
    return undefined;
  }
  const [first, absent] = compared as Conditions[];
  return path in first! && (absent?.[path] as { exists?: unknown })?.exists === false ? [first!] : undefined;
}
