/** The one way by which a flag is evaluated here, whoever asks and by whatever protocol. */
import { type Evaluation, evaluate, evaluateAll } from '@quantivista/flags';
import type { Reader } from '../reader.ts';
import type { FlagsOfState } from './held-flags.ts';

/** Of one request alone: it is enriched in place. */
export type OwnContext = Record<string, unknown>;

/** Who asks. */
export type Asking = Pick<Reader, 'service'>;

export interface Evaluator {
  /** One flag, of any name. */
  one(state: Pick<FlagsOfState, 'set'>, name: string, context: OwnContext, reader: Asking): Evaluation;
  /** Every flag of the set. */
  all(
    state: Pick<FlagsOfState, 'set'>,
    context: OwnContext,
    reader: Asking,
  ): readonly (readonly [name: string, answer: Evaluation])[];
}

export interface EvaluatorOptions {
  /** Told of each answer that a flag gave. */
  readonly impressions?: { count(flag: string, variant: string | undefined): void } | undefined;
}

/** The context with what is known of who asks: a token's service stands above what its bearer says. */
export function enrich(context: OwnContext, { service }: Asking): OwnContext {
  if (service !== undefined) context.service = service;
  return context;
}

export function createEvaluator({ impressions }: EvaluatorOptions = {}): Evaluator {
  return {
    one: ({ set }, name, context, reader) => {
      const answer = evaluate(set, name, enrich(context, reader));
      // Names that are no flag's are made up by anyone: they are not to be remembered.
      if (answer.variant !== undefined) impressions?.count(name, answer.variant);
      return answer;
    },
    all: ({ set }, context, reader) => {
      const answers = evaluateAll(set, enrich(context, reader));
      if (impressions) for (const [name, { variant }] of answers) impressions.count(name, variant);
      return answers;
    },
  };
}
