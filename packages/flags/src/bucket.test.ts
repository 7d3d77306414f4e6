/** I10: raising a percentage never turns a flag off for anyone, and moves nobody between variants. */
import { FeatureFlag } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf, ROLLOUT_BUCKETS } from './bucket.ts';
import { evaluate } from './evaluate.ts';
import { createFlagSet } from './flag-set.ts';

const KEYS = 200_000;
const TIMEOUT_MS = 120_000;

const flagOf = (fields: Partial<FeatureFlag>): FeatureFlag =>
  FeatureFlag.parse({ flag_name: 'growing', enabled: true, rollout_percentage: 100, ...fields });

/** The variant of each of the keys. */
function variants(fields: Partial<FeatureFlag>, keys: number): (string | undefined)[] {
  const set = createFlagSet([flagOf(fields)]);
  return Array.from({ length: keys }, (_, index) => {
    // Every fourth key is beyond ASCII.
    const targetingKey = index % 4 === 0 ? `käufer-${index}` : `user-${index}`;
    return evaluate(set, 'growing', { targetingKey }).variant;
  });
}

const SPLIT: Partial<FeatureFlag> = {
  variants: { off: '-', control: 'c', red: 'r', blue: 'b' },
  default_variant: 'control',
  rules: [{ when: {}, split: { red: 30, blue: 30, control: 40 } }],
};

describe('of 200,000 keys', () => {
  test('each step up keeps everyone who was in, and adds about as many as it says', {
    timeout: TIMEOUT_MS,
  }, () => {
    let before = new Set<number>();
    for (const rollout_percentage of [0, 0.01, 0.5, 1, 10, 33.33, 50, 66.67, 99, 99.99, 100]) {
      const served = variants({ rollout_percentage }, KEYS);
      const isIn = new Set(served.flatMap((variant, index) => (variant === 'on' ? [index] : [])));
      expect([...before].filter(index => !isIn.has(index))).toEqual([]);
      expect(Math.abs(isIn.size / KEYS - rollout_percentage / 100)).toBeLessThan(0.005);
      before = isIn;
    }
    expect(before.size).toBe(KEYS);
  });

  test('a split moves nobody when the gate opens, and is even within it', { timeout: TIMEOUT_MS }, () => {
    const all = variants({ ...SPLIT, rollout_percentage: 100 }, KEYS);
    for (const rollout_percentage of [5, 50, 90]) {
      const served = variants({ ...SPLIT, rollout_percentage }, KEYS);
      const moved = served.filter((variant, index) => variant !== 'off' && variant !== all[index]);
      expect(moved).toEqual([]);
      const isIn = served.filter(variant => variant !== 'off');
      const red = isIn.filter(variant => variant === 'red');
      expect(Math.abs(red.length / isIn.length - 0.3)).toBeLessThan(0.02);
    }
  });
});

const percentage = fc.integer({ min: 0, max: 10_000 }).map(hundredths => hundredths / 100);

const weights = fc.record({ red: fc.nat(100), blue: fc.nat(100), control: fc.integer({ min: 1, max: 100 }) });
const chosen = fc.record({ rollout: percentage, other: percentage, salt: fc.string({ unit: 'grapheme' }) });

/** 200 choices of two percentages and a salt, with 1,000 keys each that no other choice has. */
describe('of any two percentages, with any salt, by any attribute', () => {
  const RUNS = 200;
  let made = 0;
  const newKeys = () =>
    Array.from({ length: KEYS / RUNS }, () => {
      made++;
      return `${made % 4 === 0 ? 'käufer 🚩' : 'user'}-${made}`;
    });
  const served = (fields: Partial<FeatureFlag>, keys: readonly string[]) => {
    const set = createFlagSet([flagOf({ ...fields, bucket_by: 'account.id' })]);
    return keys.map(id => evaluate(set, 'growing', { account: { id } }).variant);
  };

  test('who is in at the lower one is in at the higher', { timeout: TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(chosen, ({ rollout, other, salt }) => {
        const keys = newKeys();
        const lower = served({ salt, rollout_percentage: Math.min(rollout, other) }, keys);
        const higher = served({ salt, rollout_percentage: Math.max(rollout, other) }, keys);
        expect(keys.filter((_, index) => lower[index] === 'on' && higher[index] !== 'on')).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test('nobody moves from one variant of a split to another', { timeout: TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(chosen, weights, ({ rollout, other, salt }, split) => {
        const keys = newKeys();
        const rules = [{ when: {}, split }];
        const [before, after] = [rollout, other].map(rollout_percentage =>
          served({ ...SPLIT, salt, rules, rollout_percentage }, keys),
        );
        const isIn = (variant: string | undefined) => variant !== 'off';
        const moved = keys.filter(
          (_, index) => isIn(before![index]) && isIn(after![index]) && before![index] !== after![index],
        );
        expect(moved).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

test('a dependent flag only grows while the flag that it asks for grows', () => {
  const isIn = (rollout_percentage: number) => {
    const base = flagOf({ rollout_percentage });
    const asking = flagOf({ flag_name: 'asking', prerequisites: [{ flag: 'growing', variants: ['on'] }] });
    const set = createFlagSet([base, asking]);
    return Array.from({ length: 5000 }, (_, id) => evaluate(set, 'asking', { targetingKey: id + 1 }).value);
  };
  const [lower, higher] = [isIn(20), isIn(60)];
  expect(lower.some(Boolean)).toBe(true);
  expect(lower.every((value, index) => !value || higher[index])).toBe(true);
});

test('a bucket is flagd’s: the upper bits of the hash times the number of buckets', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 5_000_000 }), (salt, key, total) => {
      const hash = BigInt(bucketOf(salt, key, 0x1_0000_0000));
      expect(bucketOf(salt, key, total)).toBe(Number((hash * BigInt(total)) >> 32n));
    }),
  );
  expect(ROLLOUT_BUCKETS).toBe(100_000);
});
