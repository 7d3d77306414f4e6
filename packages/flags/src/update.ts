/** A flag as it is after an update. */
import { FeatureFlag, type FeatureFlagUpdate } from '@quantivista/contracts';

/**
 * What the update says takes the place of what was, field by field; `null` takes a field away. Who changed it and
 * why is the caller's to record.
 * @param current absent for a new flag, of which `enabled` and `rollout_percentage` must be said
 * @returns zod's result: its issues name the fields of the flag
 */
export function updateFlag(
  name: string,
  current: FeatureFlag | undefined,
  { updated_by, reason, ...fields }: FeatureFlagUpdate,
): ReturnType<typeof FeatureFlag.safeParse> {
  const merged = Object.entries({ ...current, ...fields, flag_name: name });
  return FeatureFlag.safeParse(
    Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined)),
  );
}
