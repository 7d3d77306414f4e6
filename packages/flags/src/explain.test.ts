import { FeatureFlag } from '@quantivista/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { context, flags, segments } from '../test/arbitraries.ts';
import { evaluate } from './evaluate.ts';
import { explain } from './explain.ts';
import { createFlagSet } from './flag-set.ts';

const flag = FeatureFlag.parse({
  flag_name: 'explained',
  enabled: true,
  rollout_percentage: 40,
  target_services: ['risk'],
  conditions: { plan: ['pro'], $or: [{ country: 'CH' }, { age: { gte: 18 } }] },
  rules: [
    { when: { beta: true }, serve: 'off' },
    { when: {}, split: { on: 70, off: 30 } },
  ],
});
const set = createFlagSet([flag]);

test('every decision on the way, with bucket and share', () => {
  const attributes = { service: 'risk', plan: 'pro', age: 20, targetingKey: 'user-2' };
  expect(explain(set, 'explained', attributes)).toEqual({
    evaluation: evaluate(set, 'explained', attributes),
    steps: [
      { at: 'target_services', met: true },
      { at: 'conditions.$or.0.country', met: false },
      { at: 'conditions.$or.1.age', met: true },
      { at: 'conditions.$or', met: true },
      { at: 'conditions.plan', met: true },
      {
        at: 'rollout_percentage',
        by: 'targetingKey',
        key: 'user-2',
        bucket: expect.any(Number),
        total: 100_000,
        on: 40_000,
      },
      { at: 'rules.0.when.beta', met: false },
      { at: 'rules.0', met: false },
      { at: 'rules.1', met: true },
      { at: 'rules.1.split', by: 'targetingKey', key: 'user-2', bucket: expect.any(Number), total: 100 },
    ],
  });
});

test('it ends where the decision fell', () => {
  expect(explain(set, 'explained', { service: 'orders' }).steps).toEqual([
    { at: 'target_services', met: false },
  ]);
  expect(explain(set, 'nothing', {})).toMatchObject({
    evaluation: { errorCode: 'FLAG_NOT_FOUND' },
    steps: [],
  });
});

test('it answers what the evaluation answers', () => {
  fc.assert(
    fc.property(flags(5), context, (definitions, attributes) => {
      const generated = createFlagSet(definitions, segments);
      for (const { flag_name } of definitions) {
        expect(explain(generated, flag_name, attributes).evaluation).toEqual(
          evaluate(generated, flag_name, attributes),
        );
      }
    }),
  );
});
