/** What must hold of a set of flags: all that they refer to is there, and no flag waits for itself. */
import { type Conditions, type FeatureFlag, flagVariants, type Segment } from '@quantivista/contracts';

/** Flags that one evaluation may touch through prerequisites, counted as often as they are asked. */
export const MAX_PREREQUISITES = 50;

export interface FlagSetFault {
  readonly flag: string;
  /** Where in the flag: `prerequisites.0.flag`, `rules.1.when.$segment`. */
  readonly field: string;
  readonly message: string;
}

/** Every fault of a set, in the order of its flags. */
export function checkFlagSet(flags: Iterable<FeatureFlag>, segments: Iterable<Segment>): FlagSetFault[] {
  const byName = new Map([...flags].map(flag => [flag.flag_name, flag]));
  const known = new Set([...segments].map(segment => segment.segment_name));
  const faults: FlagSetFault[] = [];
  const weigh = createScale(byName);
  for (const flag of byName.values()) {
    const report = (field: string, message: string) =>
      void faults.push({ flag: flag.flag_name, field, message });
    for (const [field, name] of segmentsOf(flag)) {
      if (!known.has(name)) report(field, `there is no segment ${name}`);
    }
    for (const [index, { flag: name, variants }] of (flag.prerequisites ?? []).entries()) {
      const wanted = byName.get(name);
      const missing = wanted && variants.find(variant => !Object.hasOwn(flagVariants(wanted), variant));
      if (!wanted) report(`prerequisites.${index}.flag`, `there is no flag ${name}`);
      if (missing !== undefined) {
        report(`prerequisites.${index}.variants`, `${name} has no variant ${missing}`);
      }
    }
    const weight = weigh(flag.flag_name);
    if (typeof weight === 'object') report('prerequisites', `form a circle: ${weight.circle.join(' → ')}`);
    else if (weight > MAX_PREREQUISITES)
      report('prerequisites', `ask for more than ${MAX_PREREQUISITES} flags`);
  }
  return faults;
}

/** Flags in use that ask for one that is not: they would be off, and nobody would have turned them off. */
export function archivedPrerequisites(flags: readonly FeatureFlag[]): FlagSetFault[] {
  const used = flags.filter(flag => !flag.archived);
  const archived = new Set(flags.filter(flag => flag.archived).map(flag => flag.flag_name));
  return used.flatMap(({ flag_name: flag, prerequisites = [] }) =>
    prerequisites.flatMap(({ flag: name }, index) =>
      archived.has(name)
        ? [{ flag, field: `prerequisites.${index}.flag`, message: `${name} is archived` }]
        : [],
    ),
  );
}

interface Circle {
  readonly circle: readonly string[];
}

/**
 * Flags that a flag's evaluation asks, itself among them, or the circle that it stands in or leads to. Past
 * MAX_PREREQUISITES on one way nothing is walked any more: that is too many in any case, and a long chain can't
 * exhaust the stack.
 */
function createScale(flags: ReadonlyMap<string, FeatureFlag>) {
  const weights = new Map<string, number>();
  const weigh = (name: string, way: readonly string[]): number | Circle => {
    const start = way.indexOf(name);
    if (start !== -1) return { circle: [...way.slice(start), name] };
    const present = weights.get(name);
    if (present !== undefined) return present;
    if (way.length > MAX_PREREQUISITES) return Number.POSITIVE_INFINITY;
    let weight = 1;
    for (const { flag } of flags.get(name)?.prerequisites ?? []) {
      const part = weigh(flag, [...way, name]);
      // Neither is kept: a part of the way that led here may belong to the circle, or have used up the length.
      if (typeof part === 'object' || part === Number.POSITIVE_INFINITY) return part;
      weight += part;
    }
    weights.set(name, weight);
    return weight;
  };
  return (name: string) => weigh(name, []);
}

/** The segments that a flag names, with the fields that name them. */
export function* segmentsOf(flag: FeatureFlag): Generator<readonly [field: string, segment: string]> {
  yield* segmentsIn(flag.conditions, 'conditions');
  for (const [index, rule] of (flag.rules ?? []).entries())
    yield* segmentsIn(rule.when, `rules.${index}.when`);
}

function* segmentsIn(conditions: Conditions, path: string): Generator<readonly [string, string]> {
  for (const [key, value] of Object.entries(conditions)) {
    const at = `${path}.${key}`;
    if (key === '$segment') yield [at, value as string];
    if (key === '$not') yield* segmentsIn(value as Conditions, at);
    if (key === '$and' || key === '$or') {
      for (const [index, map] of (value as Conditions[]).entries()) yield* segmentsIn(map, `${at}.${index}`);
    }
  }
}
