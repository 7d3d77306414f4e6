/** A flag as it is after an update, and the updates that make one flag of another. */
import { FeatureFlag, FeatureFlagUpdate } from '@quantivista/contracts';

/** What a new flag is where the update does not say: off, for nobody. */
const NEW = { enabled: false, rollout_percentage: 0 };

/**
 * What the update says takes the place of what was, field by field; `null` takes a field away. Who changed it and
 * why is the caller's to record.
 * @param current absent for a new flag
 * @returns zod's result: its issues name the fields of the flag
 */
export function updateFlag(
  name: string,
  current: FeatureFlag | undefined,
  { updated_by, reason, ...fields }: FeatureFlagUpdate,
): ReturnType<typeof FeatureFlag.safeParse> {
  const merged = Object.entries({ ...(current ?? NEW), ...fields, flag_name: name });
  return FeatureFlag.safeParse(
    Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined)),
  );
}

/** A flag without what the store knows of it. */
export function flagDefinition(flag: FeatureFlag): FeatureFlag {
  const { version, created_by, created_at, updated_by, updated_at, ...definition } = flag;
  return definition;
}

const OPTIONAL = Object.entries(FeatureFlagUpdate.shape).flatMap(([name, schema]) =>
  schema.safeParse(null).success ? [name] : [],
);

/** The update that makes any flag of that name this one: what it does not have is taken away. */
export const replaceFlag = (flag: FeatureFlag): FeatureFlagUpdate & { flag_name: string } => ({
  ...Object.fromEntries(OPTIONAL.map(name => [name, null])),
  ...flagDefinition(flag),
});
