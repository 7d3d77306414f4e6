/** A flag's targeting as one JsonLogic expression for its variant: gates, then the share, then the rules. */
import {
  defaultVariant,
  type FeatureFlag,
  type FlagRule,
  offVariant,
  splitEntries,
} from '@quantivista/contracts';
import {
  type Bucketing,
  ROLLOUT_BUCKETS,
  rolloutBucketing,
  rolloutBuckets,
  splitBucketing,
  TARGETING_KEY,
} from '../bucket.ts';
import type { FlagSet } from '../flag-set.ts';
import { restingVariant, staticVariant } from '../targeting.ts';
import { allOf, writeConditions } from './conditions.ts';
import type { JsonLogic } from './document.ts';

export interface Scope {
  readonly set: FlagSet;
  /** The one service that will read it; `undefined` where contexts say which. */
  readonly service: string | undefined;
  /**
   * Present in an expression that stands in another flag: the variant instead of null, which flagd would resolve
   * by the wrong flag. Salts are written out there for the same reason.
   */
  readonly otherwise?: string;
}

/** The variant of a flag that asks nothing of the contexts; `undefined` for all others. */
export function constantVariant(name: string, { set, service }: Scope): string | undefined {
  const { flag, broken } = set.flags.get(name)!;
  const isFor =
    service === undefined || flag.target_services.length === 0 || flag.target_services.includes(service);
  return broken || !isFor ? offVariant(flag) : staticVariant(flag);
}

/** Of a flag that is not constant, as flagd's schema wants it: an expression, where a variant alone would do. */
export function writeTargeting(flag: FeatureFlag, scope: Scope): JsonLogic {
  const variant = writeVariant(flag, scope);
  return typeof variant === 'object' && variant !== null ? variant : { if: [true, variant] };
}

/** Null where nothing is decided: the resting variant is served. */
function writeVariant(flag: FeatureFlag, scope: Scope): JsonLogic {
  const gates = writeGates(flag, scope);
  const share = writeShare(flag, scope);
  return gates.length === 0 ? share : when({ and: gates }, share, scope);
}

const when = (condition: JsonLogic, then: JsonLogic, { otherwise }: Scope): JsonLogic => ({
  if: otherwise === undefined ? [condition, then] : [condition, then, otherwise],
});

function writeGates(flag: FeatureFlag, scope: Scope): JsonLogic[] {
  const gates: JsonLogic[] = [];
  if (flag.target_services.length > 0 && scope.service === undefined) {
    gates.push({ in: [{ var: 'service' }, flag.target_services] });
  }
  for (const { flag: name, variants } of flag.prerequisites ?? []) {
    const constant = constantVariant(name, scope);
    if (constant !== undefined) gates.push(variants.includes(constant));
    else {
      const wanted = scope.set.flags.get(name)!.flag;
      const inside = { ...scope, otherwise: restingVariant(wanted) };
      gates.push({ in: [writeVariant(wanted, inside), variants] });
    }
  }
  return [...gates, ...writeWhen(flag.conditions, scope)];
}

const writeWhen = (conditions: FeatureFlag['conditions'], { set }: Scope): JsonLogic[] =>
  writeConditions(conditions, name => set.segments.get(name)!.segment.conditions);

function writeShare(flag: FeatureFlag, scope: Scope): JsonLogic {
  const on = rolloutBuckets(flag);
  const off = offVariant(flag);
  if (on === 0) return off;
  const rules = writeRules(flag, scope);
  if (on === ROLLOUT_BUCKETS) return rules;
  const bucketing = rolloutBucketing(flag);
  const share = (variant: string): JsonLogic =>
    fractional(
      bucketing,
      [
        [variant, on],
        [off, ROLLOUT_BUCKETS - on],
      ],
      flag,
      scope,
    );
  // One variant is served directly; for rules, being in is a question of its own.
  const variant = defaultVariant(flag);
  const served = rules === variant ? share(variant) : { if: [{ '===': [share(IN), IN] }, rules, off] };
  return when(isNamed(bucketing), served, scope);
}

/** Stands for being in the share: no variant's name matters there. */
const IN = 'in';

function writeRules(flag: FeatureFlag, scope: Scope): JsonLogic {
  const branches: JsonLogic[] = [];
  const otherwise = defaultVariant(flag) === restingVariant(flag) ? scope.otherwise : defaultVariant(flag);
  for (const rule of flag.rules ?? []) {
    const conditions = writeWhen(rule.when, scope);
    const serve = writeServe(flag, rule, scope);
    // Met by everyone, so it is the last one, and takes the place of the default.
    if (conditions.length === 0) return branches.length === 0 ? serve : { if: [...branches, serve] };
    branches.push(allOf(conditions), serve);
  }
  if (branches.length === 0) return otherwise ?? null;
  return { if: otherwise === undefined ? branches : [...branches, otherwise] };
}

function writeServe(flag: FeatureFlag, rule: FlagRule, scope: Scope): JsonLogic {
  if (rule.split === undefined) return rule.serve!;
  const bucketing = splitBucketing(flag, rule);
  return when(isNamed(bucketing), fractional(bucketing, splitEntries(rule.split), flag, scope), scope);
}

/** Without this, everyone without a key would be in one bucket. */
const isNamed = ({ by }: Bucketing): JsonLogic => ({ '!!': [{ var: by }] });

/** The short form hashes the name of the flag that is evaluated, and the targeting key. */
function fractional(
  { salt, by }: Bucketing,
  shares: readonly (readonly [variant: string, weight: number])[],
  flag: FeatureFlag,
  scope: Scope,
): JsonLogic {
  const isShort = scope.otherwise === undefined && salt === flag.flag_name && by === TARGETING_KEY;
  return { fractional: isShort ? shares : [{ cat: [salt, { var: by }] }, ...shares] };
}
