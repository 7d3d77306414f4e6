/**
 * What a flag says beside its rules, in one place for the evaluator and for the export: they must agree on
 * which variant stands where nothing is decided.
 */
import { defaultVariant, type FeatureFlag, offVariant } from '@quantivista/contracts';
import { ROLLOUT_BUCKETS, rolloutBuckets } from './bucket.ts';

/** Whether something must be met before the flag's share and rules are looked at. */
export const isGated = (flag: FeatureFlag): boolean =>
  flag.target_services.length > 0 ||
  Object.keys(flag.conditions).length > 0 ||
  (flag.prerequisites ?? []).length > 0;

/** The variant of a flag that asks nothing about the context; `undefined` for all others. */
export function staticVariant(flag: FeatureFlag): string | undefined {
  const on = rolloutBuckets(flag);
  if (flag.archived || !flag.enabled) return offVariant(flag);
  if (isGated(flag)) return undefined;
  if (on === 0) return offVariant(flag);
  return on === ROLLOUT_BUCKETS && (flag.rules ?? []).length === 0 ? defaultVariant(flag) : undefined;
}

/**
 * The variant where nothing was decided: flagd's `defaultVariant`. It is the off variant wherever a gate, a share
 * or a split can leave someone out, else the default variant.
 */
export function restingVariant(flag: FeatureFlag): string {
  const leavesOut =
    isGated(flag) ||
    rolloutBuckets(flag) < ROLLOUT_BUCKETS ||
    (flag.rules ?? []).some(rule => rule.split !== undefined);
  return leavesOut ? offVariant(flag) : defaultVariant(flag);
}
