/**
 * Why a flag answers what it answers: the same compiler with an observer that writes down each decision as it is
 * made. The plain way knows nothing of it.
 */
import { bucketKey, compileRead } from './attributes.ts';
import { type CompiledFlag, compileFlag } from './compile.ts';
import { decideSafely, evaluate } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import type { FlagSet } from './flag-set.ts';
import type { Observer } from './observer.ts';

/** One decision, in the order in which they were made; what was not asked is not there. */
export type Step =
  | { readonly at: string; readonly met: boolean }
  | {
      readonly at: string;
      /** The attribute that holds the key, and the key; `undefined` where the context has none. */
      readonly by: string;
      readonly key: string | undefined;
      readonly bucket: number | undefined;
      readonly total: number;
      /** In a rollout: buckets below it are in. */
      readonly on?: number;
    };

export interface Explanation {
  readonly evaluation: Evaluation;
  readonly steps: readonly Step[];
}

/** As {@link evaluate}, with its steps. It compiles the flag anew: for people, not for the hot path. */
export function explain(set: FlagSet, name: string, context: unknown): Explanation {
  const compiled = set.flags.get(name);
  if (!compiled || compiled.broken) return { evaluation: evaluate(set, name, context), steps: [] };
  const steps: Step[] = [];
  const { decide } = observed(compiled, set, steps);
  return { evaluation: decideSafely(decide, context), steps };
}

function observed({ flag }: CompiledFlag, set: FlagSet, steps: Step[]): CompiledFlag {
  const segments = new Map([...set.segments].map(([name, { test }]) => [name, test]));
  const observer: Observer = {
    test: (at, test) => context => {
      const met = test(context);
      steps.push({ at, met });
      return met;
    },
    bucket: (at, find, { by, total, on }) => {
      const read = compileRead(by);
      return context => {
        const bucket = find(context);
        const share = on === undefined ? {} : { on };
        steps.push({ at, by, key: bucketKey(read(context)), bucket, total, ...share });
        return bucket;
      };
    },
  };
  return compileFlag(flag, { segments, flags: set.flags }, observer);
}
