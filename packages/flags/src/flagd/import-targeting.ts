/** A flagd flag's targeting as gates, share and rules. */
import type { FeatureFlag, FlagRule } from '@quantivista/contracts';
import { ROLLOUT_BUCKETS, TARGETING_KEY } from '../bucket.ts';
import type { JsonLogic } from './document.ts';
import { NotExpressible, operation, readConditions, show, variable } from './import-conditions.ts';

type Targeting = Partial<
  Pick<
    FeatureFlag,
    | 'rollout_percentage'
    | 'target_services'
    | 'conditions'
    | 'default_variant'
    | 'off_variant'
    | 'rules'
    | 'bucket_by'
    | 'salt'
  >
>;

interface Source {
  readonly name: string;
  /** flagd's `defaultVariant`: what is served where targeting decides nothing. */
  readonly resting: string;
}

/**
 * @param isBoolean whether the variants are on and off, as those of a plain flag are
 * @throws NotExpressible
 */
export function readTargeting(
  name: string,
  logic: JsonLogic,
  resting: string,
  isBoolean: boolean,
): Targeting {
  const source = { name, resting };
  if (typeof logic === 'object' && logic !== null && Object.keys(logic).length === 0) {
    if (isBoolean && resting === 'off') return { rollout_percentage: 0 };
    return isBoolean && resting === 'on' ? {} : { default_variant: resting };
  }
  const [gate, inner] = splitGate(logic);
  const gates = gate === undefined ? {} : readGates(gate);
  const share = isBoolean && resting === 'off' ? readShare(inner, source) : undefined;
  if (share) return { ...gates, ...share };
  const rules = readRules(inner, source);
  const leavesOut = gate !== undefined || rules.some(rule => rule.split !== undefined);
  return { ...gates, rules, default_variant: resting, ...(leavesOut ? { off_variant: resting } : {}) };
}

/** `{"if": [{"and": gates}, …]}` without an else: outside of the gates nothing is decided. */
function splitGate(logic: JsonLogic): readonly [gate: readonly JsonLogic[] | undefined, inner: JsonLogic] {
  if (typeof logic !== 'object' || logic === null || !('if' in logic)) return [undefined, logic];
  const [, [condition, inner, ...rest]] = operation(logic);
  const isGate = typeof condition === 'object' && condition !== null && 'and' in condition;
  if (!isGate || inner === undefined || rest.length > 0) return [undefined, logic];
  return [operation(condition)[1], inner];
}

function readGates(gates: readonly JsonLogic[]): Targeting {
  const read = readConditions({ and: gates });
  const { service, ...conditions } = read;
  return Array.isArray(service) ? { target_services: service, conditions } : { conditions: read };
}

/** On for everyone, or for a share that a percentage with two decimals says exactly. */
function readShare(logic: JsonLogic, source: Source): Targeting | undefined {
  if (logic === 'on' || logic === true) return { rollout_percentage: 100 };
  if (logic === 'off' || logic === false) return { rollout_percentage: 0 };
  if (!isSplit(logic)) return undefined;
  const { shares, salt, by } = readSplit(logic, source);
  const [[first, on] = [], [second, off] = [], more] = shares;
  const isShare = first === 'on' && second === 'off' && more === undefined && on! + off! === ROLLOUT_BUCKETS;
  if (!isShare || on! % 10 !== 0 || on === 0 || off === 0) return undefined;
  return {
    rollout_percentage: on! / 1000,
    ...(salt === source.name ? {} : { salt }),
    ...(by === TARGETING_KEY ? {} : { bucket_by: by }),
  };
}

function readRules(logic: JsonLogic, source: Source): FlagRule[] {
  if (logic === null) return [];
  if (!isBranching(logic)) return [{ when: {}, ...readServe(logic, source) }];
  const rules: FlagRule[] = [];
  let branches = [...operation(logic)[1]];
  while (branches.length > 1) {
    const [condition, serve] = branches.splice(0, 2) as [JsonLogic, JsonLogic];
    rules.push({ when: condition === true ? {} : readConditions(condition), ...readServe(serve, source) });
    // An else that is an if goes on with its branches.
    const [otherwise] = branches.length === 1 ? branches : [];
    if (isBranching(otherwise)) branches = [...operation(otherwise)[1]];
  }
  const [otherwise = null] = branches;
  return otherwise === null ? rules : [...rules, { when: {}, ...readServe(otherwise, source) }];
}

const isBranching = (logic: JsonLogic | undefined): logic is { readonly [operator: string]: JsonLogic } =>
  typeof logic === 'object' && logic !== null && 'if' in logic && !isSplit(logic);

function readServe(
  logic: JsonLogic,
  source: Source,
): Pick<FlagRule, 'serve' | 'split' | 'salt' | 'bucket_by'> {
  if (typeof logic === 'string' || typeof logic === 'boolean') return { serve: String(logic) };
  if (!isSplit(logic)) throw new NotExpressible(`${show(logic)} is no variant and no split`);
  const { shares, salt, by } = readSplit(logic, source);
  const names = shares.map(([variant]) => variant);
  const isSorted = names.every((name, index) => index === 0 || names[index - 1]! < name);
  return {
    split: isSorted ? Object.fromEntries(shares) : shares,
    salt,
    ...(by === TARGETING_KEY ? {} : { bucket_by: by }),
  };
}

/** `fractional`, or that behind the question whether the key is there. */
const isSplit = (logic: JsonLogic): boolean => unguard(logic) !== undefined;

function unguard(logic: JsonLogic): { args: readonly JsonLogic[]; guard: string | undefined } | undefined {
  if (typeof logic !== 'object' || logic === null) return undefined;
  if ('fractional' in logic) return { args: operation(logic)[1], guard: undefined };
  if (!('if' in logic)) return undefined;
  const [, [condition, inner, ...rest]] = operation(logic);
  if (typeof condition !== 'object' || condition === null || !('!!' in condition) || rest.length > 0) {
    return undefined;
  }
  const guard = variable(operation(condition)[1][0]);
  const split = inner === undefined ? undefined : unguard(inner);
  return split && split.guard === undefined && guard !== undefined ? { args: split.args, guard } : undefined;
}

interface ReadSplit {
  readonly shares: [variant: string, weight: number][];
  readonly salt: string;
  readonly by: string;
}

function readSplit(logic: JsonLogic, source: Source): ReadSplit {
  const { args, guard } = unguard(logic)!;
  const [first] = args;
  const isShort = Array.isArray(first);
  const { salt, by } = isShort ? { salt: source.name, by: TARGETING_KEY } : readBucketing(first!, source);
  // The short form, and that without a salt, decide nothing by themselves where the key is absent.
  if (guard !== by && !((isShort || salt === '') && guard === undefined)) {
    throw new NotExpressible(
      `everyone without ${by} would be in one bucket: ask {"!!": [{"var": "${by}"}]} first`,
    );
  }
  return { shares: (isShort ? args : args.slice(1)).map(readWeight), salt, by };
}

/** `{"cat": [salt, {"var": attribute}]}`, or the targeting key alone. */
function readBucketing(expression: JsonLogic, { name }: Source): { salt: string; by: string } {
  if (variable(expression) === TARGETING_KEY) return { salt: '', by: TARGETING_KEY };
  const [operator, [prefix, attribute, ...rest]] = operation(expression);
  const salt = variable(prefix) === '$flagd.flagKey' ? name : prefix;
  const by = variable(attribute);
  if (operator !== 'cat' || typeof salt !== 'string' || by === undefined || rest.length > 0) {
    throw new NotExpressible(`${show(expression)} is no salt with an attribute`);
  }
  return { salt, by };
}

function readWeight(share: JsonLogic): [variant: string, weight: number] {
  const [variant, weight = 1] = Array.isArray(share) ? (share as readonly JsonLogic[]) : [];
  if (typeof variant !== 'string' || typeof weight !== 'number') {
    throw new NotExpressible(`${show(share)} is no variant with a weight`);
  }
  return [variant, weight];
}
