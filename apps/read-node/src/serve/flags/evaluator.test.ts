import type { FeatureFlag } from '@quantivista/contracts';
import { createFlagSet } from '@quantivista/flags';
import { expect, test } from 'vitest';
import { createEvaluator, enrich } from './evaluator.ts';
import type { FlagsOfState } from './held-flags.ts';

const flag = (name: string, target_services: string[] = []): FeatureFlag => ({
  flag_name: name,
  enabled: true,
  rollout_percentage: 100,
  target_services,
  conditions: {},
  description: '',
});
const set = createFlagSet([flag('all'), flag('risk', ['risk'])]);
const state = { set, revision: 1, listFor: () => ({ body: '', tag: '' }) } satisfies FlagsOfState;
const reader = (service?: string) => ({ service, tokenHash: undefined });

test("a token's service stands above the context's; without one the context's own counts", () => {
  const evaluator = createEvaluator();
  const value = (context: Record<string, unknown>, service?: string) =>
    evaluator.one(state, 'risk', context, reader(service)).value;
  expect(value({})).toBe(false);
  expect(value({ service: 'risk' })).toBe(true);
  expect(value({}, 'risk')).toBe(true);
  expect(value({ service: 'risk' }, 'shop')).toBe(false);
  expect(Object.hasOwn(enrich(JSON.parse('{"__proto__":{"service":"x"}}'), reader('shop')), 'service')).toBe(
    true,
  );
});

test('each answer of a flag counts as an impression, and what is no flag does not', () => {
  const counted: [string, string | undefined][] = [];
  const evaluator = createEvaluator({ impressions: { count: (...each) => void counted.push(each) } });
  evaluator.one(state, 'all', {}, reader());
  evaluator.one(state, 'made-up', {}, reader());
  evaluator.all(state, {}, reader('risk'));
  expect(counted).toEqual([
    ['all', 'on'],
    ['all', 'on'],
    ['risk', 'on'],
  ]);
});
