/**
 * All ways to evaluate agree: 500 generated flags asked with 200 generated contexts, by our evaluator, by flagd's on
 * the document that we export, and by OFREP at live nodes. Replayed by its seed. Where ours and flagd's differ on
 * purpose stands in differences.ts.
 */
import type { FeatureFlag, FlagValue } from '@quantivista/contracts';
import { createFlagSet, evaluate, toFlagd } from '@quantivista/flags';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { context, flags, segments } from '../../packages/flags/test/arbitraries.ts';
import { DIFFERENCES } from './differences.ts';
import { type FlagNetwork, startFlagNetwork } from './flag-network.ts';
import { asFlagd, createOracle, forOracle, pick } from './flagd-oracle.ts';

const FLAGS = 500;
const CONTEXTS = 200;
const SEED = 20_261_124;
/** Differences that are shown. */
const SHOWN = 3;

const [generated, contexts] = fc.sample(
  fc.tuple(flags(FLAGS), fc.array(context, { minLength: CONTEXTS, maxLength: CONTEXTS })),
  { numRuns: 1, seed: SEED },
)[0]!;
const archived = new Set(generated.filter(flag => flag.archived).map(flag => flag.flag_name));
/** As they may be stored: none needs an archived one. */
const definitions = generated.map(({ prerequisites, ...flag }) =>
  prerequisites?.some(needed => archived.has(needed.flag))
    ? flag
    : { ...flag, ...(prerequisites && { prerequisites }) },
);
const set = createFlagSet(definitions, segments);

const differing = (fields: Partial<FeatureFlag>, index: number) => ({
  flag_name: `differs_${index}`,
  enabled: true,
  rollout_percentage: 100,
  salt: 'differs',
  ...fields,
});

let network: FlagNetwork;
beforeAll(async () => {
  network = await startFlagNetwork();
  const authority = network.api(network.authority);
  for (const { segment_name, ...body } of segments) {
    const answer = await authority.request('PUT', `/api/v1/segments/${segment_name}`, { body });
    expect(answer.status).toBe(200);
  }
  await network.putFlags([...definitions, ...DIFFERENCES.map((each, index) => differing(each.flag, index))]);
});
afterAll(() => network.stop());

const isBeyondAscii = (key: unknown) => typeof key === 'string' && /[^\0-\x7f]/.test(key);

interface Served {
  readonly flags: readonly { key: string; value: FlagValue; variant: string; reason: string }[];
}

test('100,000 pairs of a flag and a context', async () => {
  expect(set.faults).toEqual([]);
  const oracle = createOracle(toFlagd(set));
  const nodes = network.serving.map(node => network.api(node));
  const reasons = new Map<string, number>();
  let beyondAscii = 0;
  const differences: unknown[] = [];
  let pairs = 0;
  for (const attributes of contexts) {
    const theirs = forOracle(attributes);
    const answers = await Promise.all(
      nodes.map(async node => {
        const body = { context: attributes };
        const { body: served } = await node.request<Served>('POST', '/ofrep/v1/evaluate/flags', { body });
        return new Map(served.flags.map(({ key, ...answer }) => [key, pick(answer)]));
      }),
    );
    for (const flag of definitions) {
      const ours = pick(evaluate(set, flag.flag_name, attributes));
      const pairsOfAnswers = [
        [pick(oracle(flag, theirs)), asFlagd(flag, ours)],
        ...answers.map(served => [served.get(flag.flag_name), ours]),
      ];
      pairs++;
      reasons.set(ours.reason!, (reasons.get(ours.reason!) ?? 0) + 1);
      if (ours.reason === 'SPLIT' && isBeyondAscii(attributes.targetingKey)) beyondAscii++;
      for (const [answer, expected] of pairsOfAnswers) {
        if (JSON.stringify(answer) !== JSON.stringify(expected) && differences.length < SHOWN) {
          differences.push({ flag, attributes, answer, expected });
        }
      }
    }
  }
  expect(differences).toEqual([]);
  expect(pairs).toBe(FLAGS * CONTEXTS);
  for (const reason of ['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT', 'DISABLED']) {
    expect(reasons.get(reason), reason).toBeGreaterThan(1000);
  }
  expect(beyondAscii).toBeGreaterThan(1000);
});

test.each(DIFFERENCES.map((each, index) => ({ ...each, index })))(
  'where flagd differs, nodes answer as we do: $what',
  async ({ index, context: attributes, ours }) => {
    for (const node of network.serving) {
      const path = `/ofrep/v1/evaluate/flags/differs_${index}`;
      const { body } = await network
        .api(node)
        .request<Served['flags'][0]>('POST', path, { body: { context: attributes } });
      expect([body.variant, body.reason]).toEqual(ours);
    }
  },
);
