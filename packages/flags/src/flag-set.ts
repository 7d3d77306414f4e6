/**
 * All flags of a state, compiled. A set is never changed: the next state's is made from it, and shares every flag
 * that is the same record and refers to the same ones.
 */
import { type FeatureFlag, offVariant, type Segment } from '@quantivista/contracts';
import { checkFlagSet, type FlagSetFault, segmentsOf } from './check.ts';
import { type CompiledFlag, compileFlag } from './compile.ts';
import { compileConditions, type Test } from './conditions.ts';
import { createAnswers } from './evaluation.ts';
import { UNOBSERVED } from './observer.ts';

export interface CompiledSegment {
  readonly segment: Segment;
  readonly test: Test;
}

export interface FlagSet {
  readonly flags: ReadonlyMap<string, CompiledFlag>;
  readonly segments: ReadonlyMap<string, CompiledSegment>;
  /** Flags with faults, and those that ask for one of them, answer their off variant with an error. */
  readonly faults: readonly FlagSetFault[];
  /** Flags whose stored text is no flag, and why: they answer PARSE_ERROR. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * @param flags records that passed `FeatureFlag`; they are not to be changed afterwards
 * @param previous the set of the state before: records that are the same objects are not compiled again
 */
export function createFlagSet(
  flags: Iterable<FeatureFlag>,
  segments: Iterable<Segment> = [],
  previous?: FlagSet,
): FlagSet {
  const records = new Map([...flags].map(flag => [flag.flag_name, flag]));
  const compiledSegments = new Map<string, CompiledSegment>();
  for (const segment of segments) {
    compiledSegments.set(segment.segment_name, compileSegment(segment, previous));
  }
  const tests = new Map([...compiledSegments].map(([name, { test }]) => [name, test]));
  const faults = checkFlagSet(
    records.values(),
    [...compiledSegments.values()].map(each => each.segment),
  );
  const faultOf = new Map(faults.map(fault => [fault.flag, `${fault.field}: ${fault.message}`]));
  const compiled = new Map<string, CompiledFlag>();
  const isKept = (name: string) => compiledSegments.get(name) === previous?.segments.get(name);
  const areAllKept = [...compiledSegments.keys()].every(isKept);

  const isSame = (flag: FeatureFlag): boolean =>
    previous?.flags.get(flag.flag_name)?.flag === flag &&
    (flag.prerequisites ?? []).every(({ flag: name }) => compiled.get(name) === previous.flags.get(name)) &&
    (areAllKept || [...segmentsOf(flag)].every(([, name]) => isKept(name)));

  /** Prerequisites first. Flags of a circle have faults, so that none is entered twice. */
  const compile = (flag: FeatureFlag): void => {
    if (compiled.has(flag.flag_name)) return;
    let fault = faultOf.get(flag.flag_name);
    for (const { flag: name } of fault === undefined ? (flag.prerequisites ?? []) : []) {
      compile(records.get(name)!);
      if (faultOf.has(name)) fault = `prerequisite ${name}: ${faultOf.get(name)}`;
    }
    if (fault !== undefined) {
      faultOf.set(flag.flag_name, fault);
      compiled.set(flag.flag_name, brokenFlag(flag, fault));
    } else if (isSame(flag)) compiled.set(flag.flag_name, previous!.flags.get(flag.flag_name)!);
    else compiled.set(flag.flag_name, compileFlag(flag, { segments: tests, flags: compiled }));
  };
  for (const flag of records.values()) compile(flag);
  return { flags: compiled, segments: compiledSegments, faults, unreadable: new Map() };
}

function compileSegment(segment: Segment, previous: FlagSet | undefined): CompiledSegment {
  const before = previous?.segments.get(segment.segment_name);
  if (before?.segment === segment) return before;
  return { segment, test: compileConditions(segment.conditions, new Map(), UNOBSERVED, 'conditions') };
}

/** Off, and it says why: what a flag can't decide must not turn anything on. */
function brokenFlag(flag: FeatureFlag, fault: string): CompiledFlag {
  const off = createAnswers(flag)(offVariant(flag), 'ERROR');
  const answer = Object.freeze({ ...off, errorCode: 'GENERAL' as const, errorDetails: fault });
  return { flag, broken: true, decide: () => answer };
}
