/**
 * Counts how often which flag served which variant. Next to nothing a call: two look-ups, and nothing is made after
 * the first evaluation of a window. Only flags that the node holds are counted, and so many of them: whoever asks for
 * names that were made up fills nothing.
 */
import { flagVariants } from '@quantivista/contracts';
import { type CountBatch, impressionName } from '@quantivista/region';
import type { HeldFlags } from './held-flags.ts';

export interface Impressions {
  /** @param variant absent where the evaluation served none */
  count(flag: string, variant: string | undefined): void;
}

export interface ImpressionCounts extends Impressions {
  /** Many at once; false where the node does not hold the flag: they are not counted. */
  add(flag: string, variant: string | undefined, times: number): boolean;
  /** What was counted since it was taken last. */
  take(): Omit<CountBatch, 'at'>;
  /** Evaluations counted, those in `other` among them. */
  readonly counted: number;
  /** Those that there was no room to count by flag. */
  readonly other: number;
  /** Those of flags that the node does not hold. */
  readonly unknown: number;
}

interface Counter {
  readonly name: string;
  times: number;
}

export function createImpressions(
  flags: HeldFlags,
  { maxPairs = 10_000 }: { maxPairs?: number } = {},
): ImpressionCounts {
  /** By flag and variant; `undefined` for none. */
  const counters = new Map<string, Map<string | undefined, Counter>>();
  let pairs = 0;
  let counted = 0;
  let unknown = 0;
  let otherTaken = 0;
  const beyond: Counter = { name: '', times: 0 };

  /** A counter for what is counted for the first time; `undefined` where there is no such flag. */
  function begin(flag: string, served: string | undefined): Counter | undefined {
    const set = flags.current?.set;
    const record = set?.flags.get(flag)?.flag;
    if (!record && !set?.unreadable.has(flag)) return undefined;
    const isVariant = served !== undefined && record && Object.hasOwn(flagVariants(record), served);
    const variant = isVariant ? served : undefined;
    const known = counters.get(flag)?.get(variant);
    if (known) return known;
    if (pairs >= maxPairs) return beyond;
    pairs++;
    const counter = { name: impressionName(flag, variant), times: 0 };
    const ofFlag = counters.get(flag);
    if (ofFlag) ofFlag.set(variant, counter);
    else counters.set(flag, new Map([[variant, counter]]));
    return counter;
  }

  function add(flag: string, variant: string | undefined, times: number): boolean {
    const counter = counters.get(flag)?.get(variant) ?? begin(flag, variant);
    if (counter === undefined) {
      unknown += times;
      return false;
    }
    counter.times += times;
    counted += times;
    return true;
  }

  /** Counters go on into the next window; those that counted nothing in this one are let go of. */
  function* takeCounters(): Generator<[name: string, times: number]> {
    for (const [flag, ofFlag] of counters) {
      for (const [variant, counter] of ofFlag) {
        if (counter.times > 0) yield [counter.name, counter.times];
        else {
          ofFlag.delete(variant);
          pairs--;
        }
        counter.times = 0;
      }
      if (ofFlag.size === 0) counters.delete(flag);
    }
  }

  return {
    count: (flag, variant) => void add(flag, variant, 1),
    add,
    take: () => {
      const other = beyond.times;
      otherTaken += other;
      beyond.times = 0;
      return { counts: [...takeCounters()], other };
    },
    get counted() {
      return counted;
    },
    get other() {
      return otherTaken + beyond.times;
    },
    get unknown() {
      return unknown;
    },
  };
}
