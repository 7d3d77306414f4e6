/** Conditions as JsonLogic, so that flagd's engines decide as we do. */
import type { Conditions, Operand, Operator } from '@quantivista/contracts';
import { operatorsOf, sortedConditions } from '../conditions.ts';
import type { JsonLogic } from './document.ts';

type Write = (variable: JsonLogic, operand: JsonLogic) => JsonLogic;

/** One expression for several that must all hold. */
export const allOf = (expressions: readonly JsonLogic[]): JsonLogic =>
  expressions.length === 1 ? expressions[0]! : expressions.length === 0 ? true : { and: expressions };

const isThere = (variable: JsonLogic): JsonLogic => ({ '!==': [variable, null] });

/** JsonLogic takes an absent attribute for 0: where 0 would do, it must be asked whether it is there. */
const ordered =
  (operator: string, holds: (zero: number, than: number) => boolean): Write =>
  (variable, than) => {
    const compared = { [operator]: [variable, than] };
    return holds(0, than as number) ? { and: [isThere(variable), compared] } : compared;
  };

const plain =
  (operator: string): Write =>
  (variable, operand) => ({ [operator]: [variable, operand] });

const versioned =
  (operator: string): Write =>
  (variable, operand) => ({ sem_ver: [variable, operator, operand] });

const WRITES: Record<Operator, Write> = {
  eq: plain('==='),
  ne: plain('!=='),
  loose_eq: (variable, operand) => {
    const compared = { '==': [variable, operand] };
    return Number(operand) === 0 ? { and: [isThere(variable), compared] } : compared;
  },
  loose_ne: (variable, operand) => {
    const compared = { '!=': [variable, operand] };
    return Number(operand) === 0 ? { or: [{ '===': [variable, null] }, compared] } : compared;
  },
  in: plain('in'),
  not_in: (variable, list) => ({ '!': [{ in: [variable, list] }] }),
  gt: ordered('>', (zero, than) => zero > than),
  gte: ordered('>=', (zero, than) => zero >= than),
  lt: ordered('<', (zero, than) => zero < than),
  lte: ordered('<=', (zero, than) => zero <= than),
  between: (variable, range) => {
    const [low, high] = range as [number, number];
    const compared = { '<=': [low, variable, high] };
    return low <= 0 && 0 <= high ? { and: [isThere(variable), compared] } : compared;
  },
  semver_eq: versioned('='),
  semver_ne: versioned('!='),
  semver_gt: versioned('>'),
  semver_gte: versioned('>='),
  semver_lt: versioned('<'),
  semver_lte: versioned('<='),
  'semver_^': versioned('^'),
  'semver_~': versioned('~'),
  starts_with: plain('starts_with'),
  ends_with: plain('ends_with'),
  contains: (variable, part) => ({ in: [part, variable] }),
  exists: (variable, there) => (there ? isThere(variable) : { '===': [variable, null] }),
};

const writeAttribute = (path: string, test: unknown): JsonLogic =>
  allOf(
    operatorsOf(test).map(([operator, operand]: readonly [Operator, Operand]) =>
      WRITES[operator]({ var: path }, operand),
    ),
  );

/** The expressions that must all hold. Segments are written out: flagd's references are replaced as text. */
export function writeConditions(
  conditions: Conditions,
  segmentConditions: (name: string) => Conditions,
): JsonLogic[] {
  const write = (map: unknown): JsonLogic[] => sortedConditions(map as Conditions).flatMap(writeOne);
  const writeEach = (maps: unknown): JsonLogic[] => (maps as unknown[]).map(map => allOf(write(map)));
  const writeOne = ([key, test]: readonly [string, unknown]): JsonLogic[] => {
    if (key === '$segment') return write(segmentConditions(test as string));
    if (key === '$and') return writeEach(test);
    if (key === '$or') return [{ or: writeEach(test) }];
    if (key === '$not') return [{ '!': [allOf(write(test))] }];
    return [writeAttribute(key, test)];
  };
  return write(conditions);
}
