/**
 * Evaluations a second: over HTTP by a node, and in one process, ours beside flagd's own evaluator and the JsonLogic engine that it stands on,
 * on the same flags and contexts. The engine alone gives the variant: no value, no reason.
 */
import { parseArgs } from 'node:util';
import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core';
import { FeatureFlag, flagVariants } from '@quantivista/contracts';
import { createFlagSet, evaluate, toFlagd } from '@quantivista/flags';
import { LogicEngine } from 'json-logic-engine';
import type { Runtime } from '../../infra/stack/programs.ts';
import { benchOfrep } from './ofrep.ts';

const SILENT = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
const ROUNDS = 5;
const FLAGS = 200;

type Context = Record<string, unknown>;
/** Evaluates the flag of this number once. */
type Contender = (flag: number, context: Context) => unknown;

const flagOf = (name: string, fields: Partial<FeatureFlag>): FeatureFlag =>
  FeatureFlag.parse({ flag_name: name, enabled: true, rollout_percentage: 100, ...fields });

/** The kinds of flags that are most in use, each many times under names of their own. */
export const KINDS: Readonly<Record<string, Partial<FeatureFlag>>> = {
  'on or off': {},
  'one condition': { conditions: { country: ['CH', 'AT', 'DE'] } },
  'a share of 50 %': { rollout_percentage: 50 },
  'three conditions and a share': {
    conditions: { country: ['CH', 'AT', 'DE'], 'user.plan': 'pro', age: { gte: 18 } },
    rollout_percentage: 50,
  },
  'two rules and a split': {
    variants: { off: 'none', red: 'r', blue: 'b' },
    default_variant: 'red',
    rules: [
      { when: { 'user.plan': 'free' }, serve: 'blue' },
      { when: { age: { gte: 18 } }, split: { red: 1, blue: 1 } },
    ],
  },
};

export const CONTEXTS: readonly Context[] = Array.from({ length: 1000 }, (_, index) => ({
  targetingKey: `user-${index * 7919}`,
  country: ['CH', 'AT', 'FR', 'DE'][index % 4],
  age: 10 + (index % 50),
  user: { plan: index % 5 === 0 ? 'free' : 'pro' },
}));

function contenders(
  fields: Partial<FeatureFlag>,
): Record<'ours' | 'flagd-core' | 'json-logic-engine', Contender> {
  const flags = Array.from({ length: FLAGS }, (_, index) => flagOf(`flag_${index}`, fields));
  const names = flags.map(flag => flag.flag_name);
  const set = createFlagSet(flags);
  const document = toFlagd(set);

  const storage = new MemoryStorage(SILENT);
  storage.setConfigurations(JSON.stringify(document), true);
  const core = new FlagdCore(storage, SILENT);
  const isText = typeof Object.values(flagVariants(flags[0]!))[0] === 'string';

  return {
    ours: (flag, context) => evaluate(set, names[flag]!, context),
    'flagd-core': (flag, context) =>
      isText
        ? core.resolveStringEvaluation(names[flag]!, '', context as never)
        : core.resolveBooleanEvaluation(names[flag]!, false, context as never),
    'json-logic-engine': builtRules(Object.values(document.flags).map(flag => flag.targeting ?? null)),
  };
}

/** The rules built by the engine alone, with a `fractional` that only hashes nothing: it serves the first share. */
function builtRules(rules: readonly unknown[]): Contender {
  const engine = new LogicEngine();
  engine.addMethod('fractional', (args: unknown[]) => {
    const [first, second] = args as [unknown, unknown];
    return Array.isArray(first) ? first[0] : (second as unknown[])[0];
  });
  const built = rules.map(rule => engine.build(rule as never) as (context: Context) => unknown);
  return (flag, context) => built[flag]!(context);
}

/** Evaluations a second, over all flags and contexts in turn. */
function rate(contender: Contender, count: number): number {
  let sink = 0;
  const start = performance.now();
  for (let index = 0; index < count; index++) {
    if (contender(index % FLAGS, CONTEXTS[index % CONTEXTS.length]!) !== undefined) sink++;
  }
  const elapsedMs = performance.now() - start;
  if (sink !== count) throw new Error('an evaluation gave nothing');
  return (count / elapsedMs) * 1000;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

/** @param args `--count` (200000) evaluations a round in the process, `--ms` (1500) of a round over HTTP, `--runtime` (both) */
export async function benchFlags(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      count: { type: 'string', default: '200000' },
      ms: { type: 'string', default: '1500' },
      runtime: { type: 'string' },
    },
  });
  benchEvaluation(Number(values.count));
  for (const runtime of (values.runtime ? [values.runtime] : ['bun', 'node']) as Runtime[])
    await benchOfrep(runtime, Number(values.ms));
}

function benchEvaluation(perRound: number): void {
  console.log(`${FLAGS} flags of a kind, medians of ${ROUNDS} rounds of ${perRound}; million evaluations/s`);
  console.log(
    `${''.padEnd(30)}    ours   flagd-core   × flagd-core   json-logic-engine (no hash, no reason)`,
  );
  let least = Number.POSITIVE_INFINITY;
  for (const [kind, fields] of Object.entries(KINDS)) {
    const named = Object.entries(contenders(fields));
    const rates = new Map(named.map(([name]) => [name, [] as number[]]));
    for (const [, contender] of named) rate(contender, perRound);
    // In turn, so that whatever else the machine does meets all of them.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, contender] of named) rates.get(name)!.push(rate(contender, perRound));
    }
    const [ours, core, engine] = named.map(([name]) => median(rates.get(name)!) / 1e6);
    const ratio = ours! / core!;
    least = Math.min(least, ratio);
    const numbers = [
      ours!.toFixed(2).padStart(8),
      core!.toFixed(2).padStart(12),
      ratio.toFixed(1).padStart(14),
    ];
    console.log(`${kind.padEnd(30)}${numbers.join(' ')} ${engine!.toFixed(2).padStart(19)}`);
  }
  console.log(`least ratio: ${least.toFixed(1)} × flagd-core (at least 2)`);
}
