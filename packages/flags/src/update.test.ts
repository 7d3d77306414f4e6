import { FeatureFlag, FeatureFlagUpdate } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { flagDefinition, replaceFlag, updateFlag } from './update.ts';

const current = FeatureFlag.parse({
  flag_name: 'limits',
  enabled: true,
  rollout_percentage: 10,
  conditions: { country: 'CH' },
  variants: { off: 0, low: 1 },
  default_variant: 'low',
  version: 3,
});
const update = (fields: object, of: FeatureFlag | undefined = current) =>
  updateFlag('limits', of, FeatureFlagUpdate.parse(fields));

test('what is said changes, the rest stays', () => {
  const said = { rollout_percentage: 20, conditions: {}, reason: 'grows', updated_by: 'ana' };
  expect(update(said).data).toEqual({ ...current, rollout_percentage: 20, conditions: {} });
});

test('null takes an extension away, and the whole must still be a flag', () => {
  const { variants, default_variant, ...plain } = current;
  expect(update({ variants: null, default_variant: null }).data).toEqual(plain);
  expect(update({ variants: null }).error?.issues.map(issue => issue.path)).toEqual([['default_variant']]);
});

test('a new flag is off and for nobody, where nothing else is said', () => {
  expect(updateFlag('new', undefined, { description: 'x' }).data).toEqual({
    flag_name: 'new',
    enabled: false,
    rollout_percentage: 0,
    target_services: [],
    conditions: {},
    description: 'x',
  });
});

test('a replacement makes any flag the one that it was made of', () => {
  const flag = flagDefinition(FeatureFlag.parse({ ...current, variants: undefined, default_variant: 'on' }));
  const replaced = updateFlag('limits', current, FeatureFlagUpdate.parse(replaceFlag(flag)));
  expect(flagDefinition(replaced.data!)).toEqual(flag);
  expect(replaced.data!.version).toBe(3);
});
