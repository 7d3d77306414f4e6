/** flagd's own evaluator, and how its answers and ours are laid side by side. */
import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core';
import { type FeatureFlag as Flag, flagVariants } from '@quantivista/contracts';

const SILENT = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

export interface Answer {
  readonly value: unknown;
  readonly variant?: string | undefined;
  readonly reason?: string | undefined;
}
const CODE_DEFAULT = { boolean: true, number: 404, string: 'code', object: { code: true } };

/** flagd's evaluator of a document, which it must find valid by flagd's schema where `isStrict`. */
export function createOracle(document: unknown, isStrict = true) {
  const storage = new MemoryStorage(SILENT);
  storage.setConfigurations(JSON.stringify(document), isStrict);
  const core = new FlagdCore(storage, SILENT);
  return (flag: Flag, attributes: Record<string, unknown>): Answer => {
    const name = flag.flag_name;
    const type = typeof Object.values(flagVariants(flag))[0];
    const context = attributes as Parameters<FlagdCore['resolveAll']>[0];
    if (type === 'boolean') return core.resolveBooleanEvaluation(name, CODE_DEFAULT.boolean, context);
    if (type === 'number') return core.resolveNumberEvaluation(name, CODE_DEFAULT.number, context);
    if (type === 'string') return core.resolveStringEvaluation(name, CODE_DEFAULT.string, context);
    return core.resolveObjectEvaluation(name, CODE_DEFAULT.object, context);
  };
}

/** Each byte of the text's UTF-8 as one code unit: flagd-core's hash takes code units for bytes. */
const asBytes = (value: unknown): unknown =>
  typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : value;

export const forOracle = (attributes: Record<string, unknown>): Record<string, unknown> => ({
  ...attributes,
  ...('targetingKey' in attributes ? { targetingKey: asBytes(attributes.targetingKey) } : {}),
  ...('account' in attributes ? { account: asBytes(attributes.account) } : {}),
});

/** What flagd says where we say more: it has no SPLIT, and of an archived flag it serves the code's default. */
export function asFlagd(flag: Flag, { value, variant, reason }: Answer): Answer {
  if (reason !== 'DISABLED')
    return { value, variant, reason: reason === 'SPLIT' ? 'TARGETING_MATCH' : reason };
  const type = typeof Object.values(flagVariants(flag))[0] as keyof typeof CODE_DEFAULT;
  return { value: CODE_DEFAULT[type], variant: undefined, reason };
}

export const pick = ({ value, variant, reason }: Answer): Answer => ({ value, variant, reason });
