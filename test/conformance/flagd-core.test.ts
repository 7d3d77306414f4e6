/**
 * Ours beside flagd's own evaluator on the JSON that we export: the same value, variant and reason for generated
 * flags and contexts. Where they differ on purpose stands in the table of differences.ts, and is tested too.
 */
import { FeatureFlag } from '@quantivista/contracts';
import { createFlagSet, evaluate, type FlagSet, toFlagd } from '@quantivista/flags';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { context, flags, segments } from '../../packages/flags/test/arbitraries.ts';
import { DIFFERENCES } from './differences.ts';
import { asFlagd, createOracle, forOracle, pick } from './flagd-oracle.ts';

const FLAG_SETS = 100;
const FLAGS = 20;
const CONTEXTS = 50;
const TIMEOUT_MS = 120_000;

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
