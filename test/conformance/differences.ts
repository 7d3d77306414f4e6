/** Where our evaluator and flagd-core differ on purpose: what both answer, and why. */
import type { FeatureFlag } from '@quantivista/contracts';

export const DIFFERENCES: readonly {
  readonly what: string;
  readonly flag: Partial<FeatureFlag>;
  readonly context: Record<string, unknown>;
  readonly ours: readonly [variant: string, reason: string];
  readonly theirs: readonly [variant: string | undefined, reason: string];
}[] = [
  {
    what: 'a bucket decided: flagd has no SPLIT',
    flag: { rollout_percentage: 99.99 },
    context: { targetingKey: 'anyone' },
    ours: ['on', 'SPLIT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: "an archived flag: OFREP's clients need a value, flagd's serve the code's default",
    flag: { archived: true },
    context: {},
    ours: ['off', 'DISABLED'],
    theirs: [undefined, 'DISABLED'],
  },
  {
    what: 'keys beyond ASCII: flagd-core hashes code units; we hash UTF-8, as flagd itself does',
    flag: { rollout_percentage: 50 },
    context: { targetingKey: 'Zürich-2' },
    ours: ['on', 'SPLIT'],
    theirs: ['off', 'TARGETING_MATCH'],
  },
  {
    what: 'a fraction or a boolean names nobody: JsonLogic takes any true value for a key',
    flag: { rollout_percentage: 99.99 },
    context: { targetingKey: true },
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: 'numbers are compared with numbers: JsonLogic reads the text "20" as one',
    flag: { conditions: { age: { gt: 18 } } },
    context: { age: '20' },
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: 'a number compared with what is none does not hold: JsonLogic fails',
    flag: { conditions: { age: { gt: 18 } } },
    context: { age: 'old' },
    ours: ['off', 'DEFAULT'],
    theirs: [undefined, 'ERROR'],
  },
  {
    what: 'what can contain nothing does not contain it: JsonLogic fails',
    flag: { conditions: { roles: { contains: 'admin' } } },
    context: { roles: 5 },
    ours: ['off', 'DEFAULT'],
    theirs: [undefined, 'ERROR'],
  },
  {
    what: 'loosely equal of a text that is no number with a number: JsonLogic fails',
    flag: { conditions: { code: { loose_eq: 'A1' } } },
    context: { code: 1 },
    ours: ['off', 'DEFAULT'],
    theirs: [undefined, 'ERROR'],
  },
  {
    what: 'only own properties of objects are read: JsonLogic finds the length of a text',
    flag: { conditions: { 'name.length': { gt: 2 } } },
    context: { name: 'abc' },
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: 'a path that needs an object and finds false leads nowhere: flagd-core takes false for its end',
    flag: { conditions: { 'a.b': false } },
    context: { a: false },
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
  {
    what: 'inherited properties are not there',
    flag: { conditions: { 'toString.name': 'toString' } },
    context: {},
    ours: ['off', 'DEFAULT'],
    theirs: ['on', 'TARGETING_MATCH'],
  },
];
