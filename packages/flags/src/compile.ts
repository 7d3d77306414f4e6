/** A flag as one function from context to answer. Nothing is parsed, sorted or allocated when it runs. */
import { defaultVariant, type FeatureFlag, type FlagRule, offVariant } from '@quantivista/contracts';
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

/** @param observer sees every decision, for an explanation */
export function compileFlag(
  flag: FeatureFlag,
  references: References,
  observer: Observer = UNOBSERVED,
): CompiledFlag {
  return { flag, broken: false, decide: compileDecision(flag, references, observer) };
}

function compileDecision(flag: FeatureFlag, references: References, observer: Observer): Decide {
  const answers = createAnswers(flag);
  const constant = staticVariant(flag);
  if (constant !== undefined) {
    const answer = answers(constant, flag.archived ? 'DISABLED' : 'STATIC');
    return () => answer;
  }
  const isMet = every(compileGates(flag, references, observer));
  const share = compileShare(flag, answers, references, observer);
  const out = answers(offVariant(flag), 'DEFAULT');
  return context => (isMet(context) ? share(context) : out);
}

function compileGates(flag: FeatureFlag, references: References, observer: Observer): Test[] {
  const gates: Test[] = [];
  if (flag.target_services.length > 0) {
    const isFor = compileConditions({ service: flag.target_services }, references.segments, UNOBSERVED, '');
    gates.push(observer.test('target_services', isFor));
  }
  for (const { flag: name, variants } of flag.prerequisites ?? []) {
    const { decide } = references.flags.get(name)!;
    gates.push(
      observer.test(`prerequisites.${name}`, context => variants.includes(decide(context).variant!)),
    );
  }
  if (Object.keys(flag.conditions).length > 0) {
    gates.push(compileConditions(flag.conditions, references.segments, observer, 'conditions'));
  }
  return gates;
}

/** The flag's share: who is in goes on to the rules. */
function compileShare(
  flag: FeatureFlag,
  answers: Answers,
  references: References,
  observer: Observer,
): Decide {
  const on = rolloutBuckets(flag);
  if (on === 0) {
    const off = answers(offVariant(flag), 'TARGETING_MATCH');
    return () => off;
  }
  const rules = compileRules(flag, answers, references, observer);
  if (on === ROLLOUT_BUCKETS) return rules;
  const bucketing = rolloutBucketing(flag);
  const about = { by: bucketing.by, total: ROLLOUT_BUCKETS, on };
  const find = observer.bucket('rollout_percentage', compileBucket(bucketing, ROLLOUT_BUCKETS), about);
  const out = answers(offVariant(flag), 'SPLIT');
  const keyless = answers(offVariant(flag), 'DEFAULT');
  return context => {
    const bucket = find(context);
    if (bucket === undefined) return keyless;
    return bucket < on ? rules(context) : out;
  };
}

function compileRules(
  flag: FeatureFlag,
  answers: Answers,
  references: References,
  observer: Observer,
): Decide {
  const reason = rolloutBuckets(flag) < ROLLOUT_BUCKETS ? 'SPLIT' : 'TARGETING_MATCH';
  const variant = defaultVariant(flag);
  const otherwise = answers(variant, variant === restingVariant(flag) ? 'DEFAULT' : reason);
  const rules = (flag.rules ?? []).map((rule, index) => {
    const path = `rules.${index}`;
    const conditions = compileConditions(rule.when, references.segments, observer, `${path}.when`);
    const serve = compileServe(flag, rule, answers, reason, observer, path);
    return { isMet: observer.test(path, conditions), serve };
  });
  if (rules.length === 0) return () => otherwise;
  return context => {
    for (const { isMet, serve } of rules) if (isMet(context)) return serve(context);
    return otherwise;
  };
}

function compileServe(
  flag: FeatureFlag,
  rule: FlagRule,
  answers: Answers,
  reason: 'SPLIT' | 'TARGETING_MATCH',
  observer: Observer,
  path: string,
): Decide {
  if (rule.split === undefined) {
    const answer = answers(rule.serve!, reason);
    return () => answer;
  }
  const shares = compileShares(rule.split, variant => answers(variant, 'SPLIT'));
  const bucketing = splitBucketing(flag, rule);
  const about = { by: bucketing.by, total: shares.total };
  const find = observer.bucket(`${path}.split`, compileBucket(bucketing, shares.total), about);
  const keyless = answers(offVariant(flag), 'DEFAULT');
  return context => {
    const bucket = find(context);
    return bucket === undefined ? keyless : shares.of(bucket);
  };
}

function compileBucket({ salt, by }: Bucketing, total: number): FindBucket {
  const read = compileRead(by);
  return context => {
    const key = bucketKey(read(context));
    return key === undefined ? undefined : bucketOf(salt, key, total);
  };
}
