/**
 * Ours beside flagd's own evaluator on the JSON that we export: the same value, variant and reason for generated
 * flags and contexts. Where they differ on purpose stands in one table below, and is tested too.
 */

import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core';
import type { FeatureFlag as Flag } from '@quantivista/contracts';
import { FeatureFlag, flagVariants } from '@quantivista/contracts';
import { createFlagSet, evaluate, type FlagSet, fromFlagd, toFlagd } from '@quantivista/flags';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { context, flags, segments } from '../../packages/flags/test/arbitraries.ts';

const FLAG_SETS = 100;
const FLAGS = 20;
const CONTEXTS = 50;
const TIMEOUT_MS = 120_000;

const SILENT = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

interface Answer {
  readonly value: unknown;
  readonly variant?: string | undefined;
  readonly reason?: string | undefined;
}
const CODE_DEFAULT = { boolean: true, number: 404, string: 'code', object: { code: true } };

/** flagd's evaluator of a document, which it must find valid by flagd's schema where `isStrict`. */
function createOracle(document: unknown, isStrict = true) {
  const storage = new MemoryStorage(SILENT);
  storage.setConfigurations(JSON.stringify(document), isStrict);
  const core = new FlagdCore(storage, SILENT);
  return (flag: Flag, attributes: Record<string, unknown>): Answer => {
    const name = flag.flag_name;
    const type = typeof Object.values(flagVariants(flag))[0];
    const context = attributes as Parameters<FlagdCore['resolveAll']>[0];
    if (type === 'boolean') return core.resolveBooleanEvaluation(name, CODE_DEFAULT.boolean, context);
    if (type === 'number') return core.resolveNumberEvaluation(name, CODE_DEFAULT.number, context);
    if (type === 'string') return core.resolveStringEvaluation(name, CODE_DEFAULT.string, context);
    return core.resolveObjectEvaluation(name, CODE_DEFAULT.object, context);
  };
}

/** Each byte of the text's UTF-8 as one code unit: flagd-core's hash takes code units for bytes. */
const asBytes = (value: unknown): unknown =>
  typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : value;

const forOracle = (attributes: Record<string, unknown>): Record<string, unknown> => ({
  ...attributes,
  ...('targetingKey' in attributes ? { targetingKey: asBytes(attributes.targetingKey) } : {}),
  ...('account' in attributes ? { account: asBytes(attributes.account) } : {}),
});

/** What flagd says where we say more: it has no SPLIT, and of an archived flag it serves the code's default. */
function asFlagd(flag: Flag, { value, variant, reason }: Answer): Answer {
  if (reason !== 'DISABLED')
    return { value, variant, reason: reason === 'SPLIT' ? 'TARGETING_MATCH' : reason };
  const type = typeof Object.values(flagVariants(flag))[0] as keyof typeof CODE_DEFAULT;
  return { value: CODE_DEFAULT[type], variant: undefined, reason };
}

const pick = ({ value, variant, reason }: Answer): Answer => ({ value, variant, reason });

const samples = fc.sample(
  fc.tuple(flags(FLAGS), fc.array(context, { minLength: CONTEXTS, maxLength: CONTEXTS })),
  {
    numRuns: FLAG_SETS,
    seed: 20_261_124,
  },
);

interface Compared {
  readonly pairs: number;
  readonly reasons: Map<string, number>;
  readonly differences: unknown[];
}

function compare(
  exported: (set: FlagSet, service: string | undefined) => unknown,
  service?: string,
): Compared {
  const differences: unknown[] = [];
  const reasons = new Map<string, number>();
  let pairs = 0;
  for (const [definitions, contexts] of samples) {
    const set = createFlagSet(definitions, segments);
    expect(set.faults).toEqual([]);
    const oracle = createOracle(exported(set, service));
    for (const attributes of contexts) {
      const seen = service === undefined ? attributes : { ...attributes, service };
      const theirs = forOracle(seen);
      for (const flag of definitions) {
        const ours = evaluate(set, flag.flag_name, seen);
        const expected = asFlagd(flag, ours);
        const actual = pick(oracle(flag, theirs));
        pairs++;
        reasons.set(ours.reason, (reasons.get(ours.reason) ?? 0) + 1);
        const isSame =
          actual.variant === expected.variant &&
          (service !== undefined || actual.reason === expected.reason) &&
          JSON.stringify(actual.value) === JSON.stringify(expected.value);
        if (!isSame && differences.length < 3) differences.push({ flag, attributes, expected, actual });
      }
    }
  }
  return { pairs, reasons, differences };
}

describe('ours and flagd-core answer alike', () => {
  test('100,000 pairs of a flag and a context', { timeout: TIMEOUT_MS }, () => {
    const { pairs, reasons, differences } = compare(set => toFlagd(set));
    expect(differences).toEqual([]);
    expect(pairs).toBeGreaterThanOrEqual(100_000);
    for (const reason of ['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT', 'DISABLED']) {
      expect(reasons.get(reason), reason).toBeGreaterThan(1000);
    }
  });

  /** The reasons differ: for one service some flags are constant. */
  test('the document for one service, without service in the contexts', { timeout: TIMEOUT_MS }, () => {
    expect(compare((set, service) => toFlagd(set, { service }), 'risk').differences).toEqual([]);
  });
});

test('what is exported and imported again answers as before', () => {
  let imported = 0;
  for (const [definitions, contexts] of samples.slice(0, 25)) {
    const before = createFlagSet(definitions, segments);
    const read = fromFlagd(toFlagd(before));
    const after = createFlagSet(read.flags);
    for (const flag of read.flags.filter(flag => !flag.archived)) {
      imported++;
      for (const attributes of contexts) {
        const [was, is] = [before, after].map(set => evaluate(set, flag.flag_name, attributes));
        expect([is!.value, is!.variant], JSON.stringify({ flag, attributes })).toEqual([
          was!.value,
          was!.variant,
        ]);
      }
    }
  }
  expect(imported).toBeGreaterThan(200);
});

/** As people write flagd's JSON by hand, and as its own test bed has it. */
const HAND_WRITTEN = {
  $evaluators: {
    // Before the one that it refers to: flagd-core replaces them as text, one after the other.
    is_privileged: { or: [{ $ref: 'is_staff' }, { '==': ['admin', { var: ['role'] }] }] },
    is_staff: { '==': ['@quantivista.example', { var: ['domain'] }] },
  },
  flags: Object.fromEntries(
    Object.entries({
      evaluators: { if: [{ $ref: 'is_privileged' }, 'a', 'b'] },
      nested: {
        if: [
          { starts_with: [{ var: 'id' }, 'abc'] },
          'a',
          { if: [{ ends_with: [{ var: 'id' }, 'xyz'] }, 'b', { if: [{ in: ['m', { var: 'id' }] }, 'c'] }] },
        ],
      },
      versions: {
        if: [
          { sem_ver: [{ var: 'version' }, '=', 'v2.0.0'] },
          'a',
          { if: [{ sem_ver: [{ var: 'version' }, '^', '3'] }, 'b', 'none'] },
        ],
      },
      numbers: { if: [{ '<': [{ var: 'age' }, 18] }, 'a', { '<=': [18, { var: 'age' }, 65] }, 'b'] },
      several: {
        if: [
          {
            and: [
              { '==': [{ var: 'role' }, 'admin'] },
              { '!=': [{ var: 'age' }, 29] },
              { '!': { '==': [{ var: 'id' }, 'm'] } },
            ],
          },
          'c',
          'b',
        ],
      },
      short: { fractional: [['c', 10], ['a'], ['b', 20]] },
      salted: {
        if: [
          { '!!': { var: 'id' } },
          { fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'id' }] }, ['b', 50], ['a', 50]] },
        ],
      },
      bare: {
        if: [
          { '>=': [{ var: 'age' }, 18] },
          { fractional: [{ var: 'targetingKey' }, ['b', 50], ['a', 50]] },
          'c',
        ],
      },
    }).map(([name, targeting]) => [
      name,
      {
        state: 'ENABLED',
        variants: { a: 'A', b: 'B', c: 'C', none: '-' },
        defaultVariant: 'none',
        targeting,
      },
    ]),
  ),
};

test('documents written by hand answer after their import as flagd-core has them answer', () => {
  const read = fromFlagd(HAND_WRITTEN);
  expect(read.problems).toEqual([]);
  const set = createFlagSet(read.flags);
  const oracle = createOracle(HAND_WRITTEN, false);
  const values = {
    // An empty one names nobody here; flagd hashes it where a rule gives it by itself.
    targetingKey: fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
    id: fc.constantFrom('abc', 'abcxyz', 'xyz', 'm', 'team', 'other'),
    role: fc.constantFrom('admin', 'guest', null),
    domain: fc.constantFrom('@quantivista.example', 'x'),
    age: fc.constantFrom(-1, 0, 17, 18, 29, 65, 66, null),
    version: fc.constantFrom('2.0.0', 'v2.0.0+b', '2', '3.1.4', '3', 'none'),
  };
  fc.assert(
    fc.property(fc.record(values, { requiredKeys: [] }), attributes => {
      for (const flag of read.flags) {
        const expected = asFlagd(flag, evaluate(set, flag.flag_name, attributes));
        expect(pick(oracle(flag, attributes)), flag.flag_name).toEqual(expected);
      }
    }),
    { numRuns: 2000, seed: 20_261_124 },
  );
});

/** Where we differ, what both answer, and why. */
const DIFFERENCES: readonly {
  readonly what: string;
  readonly flag: Partial<Flag>;
  readonly context: Record<string, unknown>;
  readonly ours: readonly [variant: string, reason: string];
  readonly theirs: readonly [variant: string | undefined, reason: string];
}[] = [
  {
    what: 'a bucket decided: flagd has no SPLIT',
    flag: { rollout_percentage: 99.99 },
    context: { targetingKey: 'anyone' },
    ours: ['on', 'SPLIT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: "an archived flag: OFREP's clients need a value, flagd's serve the code's default",
    flag: { archived: true },
    context: {},
    ours: ['off', 'DISABLED'],
    theirs: [undefined, 'DISABLED'],
  },
  {
    what: 'keys beyond ASCII: flagd-core hashes code units; we hash UTF-8, as flagd itself does',
    flag: { rollout_percentage: 50 },
    context: { targetingKey: 'Zürich-2' },
    ours: ['on', 'SPLIT'],
    theirs: ['off', 'TARGETING_MATCH'],
  },
  {
    what: 'a fraction or a boolean names nobody: JsonLogic takes any true value for a key',
    flag: { rollout_percentage: 99.99 },
    context: { targetingKey: true },
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: 'numbers are compared with numbers: JsonLogic reads the text "20" as one',
    flag: { conditions: { age: { gt: 18 } } },
    context: { age: '20' },
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: 'a number compared with what is none does not hold: JsonLogic fails',
    flag: { conditions: { age: { gt: 18 } } },
    context: { age: 'old' },
    ours: ['off', 'DEFAULT'],
    theirs: [undefined, 'ERROR'],
  },
  {
    what: 'what can contain nothing does not contain it: JsonLogic fails',
    flag: { conditions: { roles: { contains: 'admin' } } },
    context: { roles: 5 },
    ours: ['off', 'DEFAULT'],
    theirs: [undefined, 'ERROR'],
  },
  {
    what: 'loosely equal of a text that is no number with a number: JsonLogic fails',
    flag: { conditions: { code: { loose_eq: 'A1' } } },
    context: { code: 1 },
    ours: ['off', 'DEFAULT'],
    theirs: [undefined, 'ERROR'],
  },
  {
    what: 'only own properties of objects are read: JsonLogic finds the length of a text',
    flag: { conditions: { 'name.length': { gt: 2 } } },
    context: { name: 'abc' },
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: 'a path that needs an object and finds false leads nowhere: flagd-core takes false for its end',
    flag: { conditions: { 'a.b': false } },
    context: { a: false },
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: 'inherited properties are not there',
    flag: { conditions: { 'toString.name': 'toString' } },
    context: {},
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
];

describe('ours and flagd-core differ', () => {
  test.each(DIFFERENCES)('$what', ({ flag: fields, context: attributes, ours, theirs }) => {
    const flag = FeatureFlag.parse({
      flag_name: 'differs',
      enabled: true,
      rollout_percentage: 100,
      ...fields,
    });
    const set = createFlagSet([flag]);
    const answer = evaluate(set, 'differs', attributes);
    const other = createOracle(toFlagd(set))(flag, attributes);
    expect([answer.variant, answer.reason]).toEqual(ours);
    expect([other.variant, other.reason]).toEqual(theirs);
  });
});
