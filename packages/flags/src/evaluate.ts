/** The one way to ask a flag. It throws for no context, and its answer depends on nothing else. */
import type { Context } from './attributes.ts';
import type { Decide } from './compile.ts';
import { type Evaluation, evaluationError } from './evaluation.ts';
import type { FlagSet } from './flag-set.ts';

const EMPTY: Context = Object.freeze({});
const NOT_A_MAP = evaluationError('INVALID_CONTEXT', 'the context is not an object');
const UNREADABLE = evaluationError('INVALID_CONTEXT', 'the context could not be read');

/**
 * @param context any value; absent and null are an empty context, what else is no object is INVALID_CONTEXT
 * @returns a shared, frozen answer
 */
export function evaluate(set: FlagSet, name: string, context: unknown): Evaluation {
  const compiled = set.flags.get(name);
  if (compiled) return decideSafely(compiled.decide, context);
  const fault = set.unreadable.get(name);
  if (fault !== undefined) return evaluationError('PARSE_ERROR', fault);
  return evaluationError('FLAG_NOT_FOUND', `there is no flag ${name}`);
}

/** Every flag of the set, in its order. */
export function evaluateAll(set: FlagSet, context: unknown): (readonly [name: string, answer: Evaluation])[] {
  return Array.from(set.flags, ([name, compiled]) => [name, decideSafely(compiled.decide, context)] as const);
}

/** Own getters and proxies can throw when they are read: that is the context's fault, whatever it throws. */
export function decideSafely(decide: Decide, context: unknown): Evaluation {
  if (context === undefined || context === null) return decide(EMPTY);
  if (typeof context !== 'object') return NOT_A_MAP;
  try {
    return Array.isArray(context) ? NOT_A_MAP : decide(context as Context);
  } catch {
    return UNREADABLE;
  }
}
