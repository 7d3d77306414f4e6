/** Documents that are read answer as before: our own exports by our evaluator, those of others by flagd's. */
import { createFlagSet, evaluate, fromFlagd, toFlagd } from '@quantivista/flags';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { context, flags, segments } from '../../packages/flags/test/arbitraries.ts';
import { asFlagd, createOracle, pick } from './flagd-oracle.ts';

const SEED = 20_261_124;
const contexts20 = fc.array(context, { minLength: 20, maxLength: 20 });

test('what is exported and imported again answers as before', () => {
  let imported = 0;
  for (const [definitions, contexts] of fc.sample(fc.tuple(flags(20), contexts20), {
    numRuns: 25,
    seed: SEED,
  })) {
    const before = createFlagSet(definitions, segments);
    const read = fromFlagd(toFlagd(before));
    const after = createFlagSet(read.flags);
    for (const flag of read.flags.filter(flag => !flag.archived)) {
      imported++;
      for (const attributes of contexts) {
        const [was, is] = [before, after].map(set => evaluate(set, flag.flag_name, attributes));
        expect([is!.value, is!.variant], JSON.stringify({ flag, attributes })).toEqual([
          was!.value,
          was!.variant,
        ]);
      }
    }
  }
  expect(imported).toBeGreaterThan(200);
});

/** As people write flagd's JSON by hand, and as its own test bed has it. */
const HAND_WRITTEN = {
  $evaluators: {
    // Before the one that it refers to: flagd-core replaces them as text, one after the other.
    is_privileged: { or: [{ $ref: 'is_staff' }, { '==': ['admin', { var: ['role'] }] }] },
    is_staff: { '==': ['@quantivista.example', { var: ['domain'] }] },
  },
  flags: Object.fromEntries(
    Object.entries({
      evaluators: { if: [{ $ref: 'is_privileged' }, 'a', 'b'] },
      nested: {
        if: [
          { starts_with: [{ var: 'id' }, 'abc'] },
          'a',
          { if: [{ ends_with: [{ var: 'id' }, 'xyz'] }, 'b', { if: [{ in: ['m', { var: 'id' }] }, 'c'] }] },
        ],
      },
      versions: {
        if: [
          { sem_ver: [{ var: 'version' }, '=', 'v2.0.0'] },
          'a',
          { if: [{ sem_ver: [{ var: 'version' }, '^', '3'] }, 'b', 'none'] },
        ],
      },
      numbers: { if: [{ '<': [{ var: 'age' }, 18] }, 'a', { '<=': [18, { var: 'age' }, 65] }, 'b'] },
      several: {
        if: [
          {
            and: [
              { '==': [{ var: 'role' }, 'admin'] },
              { '!=': [{ var: 'age' }, 29] },
              { '!': { '==': [{ var: 'id' }, 'm'] } },
            ],
          },
          'c',
          'b',
        ],
      },
      short: { fractional: [['c', 10], ['a'], ['b', 20]] },
      salted: {
        if: [
          { '!!': { var: 'id' } },
          { fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'id' }] }, ['b', 50], ['a', 50]] },
        ],
      },
      bare: {
        if: [
          { '>=': [{ var: 'age' }, 18] },
          { fractional: [{ var: 'targetingKey' }, ['b', 50], ['a', 50]] },
          'c',
        ],
      },
    }).map(([name, targeting]) => [
      name,
      {
        state: 'ENABLED',
        variants: { a: 'A', b: 'B', c: 'C', none: '-' },
        defaultVariant: 'none',
        targeting,
      },
    ]),
  ),
};

test('documents written by hand answer after their import as flagd-core has them answer', () => {
  const read = fromFlagd(HAND_WRITTEN);
  expect(read.problems).toEqual([]);
  const set = createFlagSet(read.flags);
  const oracle = createOracle(HAND_WRITTEN, false);
  const values = {
    // An empty one names nobody here; flagd hashes it where a rule gives it by itself.
    targetingKey: fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
    id: fc.constantFrom('abc', 'abcxyz', 'xyz', 'm', 'team', 'other'),
    role: fc.constantFrom('admin', 'guest', null),
    domain: fc.constantFrom('@quantivista.example', 'x'),
    age: fc.constantFrom(-1, 0, 17, 18, 29, 65, 66, null),
    version: fc.constantFrom('2.0.0', 'v2.0.0+b', '2', '3.1.4', '3', 'none'),
  };
  fc.assert(
    fc.property(fc.record(values, { requiredKeys: [] }), attributes => {
      for (const flag of read.flags) {
        const expected = asFlagd(flag, evaluate(set, flag.flag_name, attributes));
        expect(pick(oracle(flag, attributes)), flag.flag_name).toEqual(expected);
      }
    }),
    { numRuns: 2000, seed: SEED },
  );
});
