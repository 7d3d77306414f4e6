/** A flag as one function from context to answer. Nothing is parsed, sorted or allocated when it runs. */
import {
  defaultVariant,
  type FeatureFlag,
  type FlagRule,
  offVariant,
  type Split,
} from '@quantivista/contracts';
import { bucketKey, type Context, compileRead } from './attributes.ts';
import {
  type Bucketing,
  bucketOf,
  compileShares,
  ROLLOUT_BUCKETS,
  rolloutBucketing,
  rolloutBuckets,
  splitBucketing,
} from './bucket.ts';
import { compileConditions, every, type Test } from './conditions.ts';
import { type Answers, createAnswers, type Evaluation } from './evaluation.ts';
import { type FindBucket, type Observer, UNOBSERVED } from './observer.ts';
import { restingVariant, staticVariant } from './targeting.ts';

export type Decide = (context: Context) => Evaluation;

export interface CompiledFlag {
  readonly flag: FeatureFlag;
  /** Whether it answers its off variant because something that it refers to is not there. */
  readonly broken: boolean;
  readonly decide: Decide;
}

/** What a flag refers to, compiled. All of it must be there: `checkFlagSet` says what is missing. */
export interface References {
  readonly segments: ReadonlyMap<string, Test>;
  readonly flags: ReadonlyMap<string, CompiledFlag>;
}

/** What every stage of a compilation needs. */
interface Stage extends References {
  readonly flag: FeatureFlag;
  readonly answers: Answers;
  readonly observer: Observer;
}

/** @param observer sees every decision, for an explanation */
export function compileFlag(
  flag: FeatureFlag,
  references: References,
  observer: Observer = UNOBSERVED,
): CompiledFlag {
  const stage = { flag, answers: createAnswers(flag), observer, ...references };
  return { flag, broken: false, decide: compileDecision(stage) };
}

function compileDecision(stage: Stage): Decide {
  const { flag, answers } = stage;
  const constant = staticVariant(flag);
  if (constant !== undefined) {
    return serveAlways(answers(constant, flag.archived ? 'DISABLED' : 'STATIC'));
  }
  const isMet = every(compileGates(stage));
  const share = compileShare(stage);
  const out = answers(offVariant(flag), 'DEFAULT');
  return context => (isMet(context) ? share(context) : out);
}

function compileGates({ flag, segments, flags, observer }: Stage): Test[] {
  const gates: Test[] = [];
  if (flag.target_services.length > 0) {
    const isFor = compileConditions({ service: flag.target_services }, segments, UNOBSERVED, '');
    gates.push(observer.test('target_services', isFor));
  }
  for (const { flag: name, variants } of flag.prerequisites ?? []) {
    const { decide } = flags.get(name)!;
    const serves: Test = context => variants.includes(decide(context).variant!);
    gates.push(observer.test(`prerequisites.${name}`, serves));
  }
  if (Object.keys(flag.conditions).length > 0) {
    gates.push(compileConditions(flag.conditions, segments, observer, 'conditions'));
  }
  return gates;
}

/** The flag's share: who is in goes on to the rules. */
function compileShare(stage: Stage): Decide {
  const { flag, answers } = stage;
  const on = rolloutBuckets(flag);
  if (on === 0) return serveAlways(answers(offVariant(flag), 'TARGETING_MATCH'));
  const rules = compileRules(stage);
  if (on === ROLLOUT_BUCKETS) return rules;
  const find = compileBucket(stage, 'rollout_percentage', rolloutBucketing(flag), ROLLOUT_BUCKETS, on);
  const out = answers(offVariant(flag), 'SPLIT');
  const keyless = answers(offVariant(flag), 'DEFAULT');
  return context => {
    const bucket = find(context);
    if (bucket === undefined) return keyless;
    return bucket < on ? rules(context) : out;
  };
}

function compileRules(stage: Stage): Decide {
  const { flag, answers, segments, observer } = stage;
  const reason = rolloutBuckets(flag) < ROLLOUT_BUCKETS ? 'SPLIT' : 'TARGETING_MATCH';
  const variant = defaultVariant(flag);
  const otherwise = answers(variant, variant === restingVariant(flag) ? 'DEFAULT' : reason);
  const rules = (flag.rules ?? []).map((rule, index) => {
    const path = `rules.${index}`;
    const when = compileConditions(rule.when, segments, observer, `${path}.when`);
    const serve =
      rule.split === undefined
        ? serveAlways(answers(rule.serve!, reason))
        : compileSplit(stage, rule, rule.split, `${path}.split`);
    return { isMet: observer.test(path, when), serve };
  });
  if (rules.length === 0) return serveAlways(otherwise);
  return context => {
    for (const { isMet, serve } of rules) if (isMet(context)) return serve(context);
    return otherwise;
  };
}

const serveAlways =
  (answer: Evaluation): Decide =>
  () =>
    answer;

function compileSplit(stage: Stage, rule: FlagRule, split: Split, path: string): Decide {
  const { flag, answers } = stage;
  const shares = compileShares(split, variant => answers(variant, 'SPLIT'));
  const find = compileBucket(stage, path, splitBucketing(flag, rule), shares.total);
  const keyless = answers(offVariant(flag), 'DEFAULT');
  return context => {
    const bucket = find(context);
    return bucket === undefined ? keyless : shares.of(bucket);
  };
}

function compileBucket(
  { observer }: Stage,
  path: string,
  { salt, by }: Bucketing,
  total: number,
  on?: number,
): FindBucket {
  const read = compileRead(by);
  const find: FindBucket = context => {
    const key = bucketKey(read(context));
    return key === undefined ? undefined : bucketOf(salt, key, total);
  };
  return observer.bucket(path, find, on === undefined ? { by, total } : { by, total, on });
}
