import type { ChangeSince, KeyState } from '@quantivista/audit';
import { MAX_BATCH_CHANGES } from '@quantivista/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeOf, partsOf, planRollback, requireUndoable } from './rollback-plan.ts';

const state = (value: KeyState['value'], description: string | undefined = ''): KeyState => ({
  value,
  configType: 'APPLICATION_CONFIG',
  description,
});
const since = (
  key: string,
  before: KeyState | undefined,
  now: KeyState | undefined,
  final: number[] = [],
): ChangeSince => ({
  key,
  before: { version: before ? 1 : 0, state: before },
  now: { version: 3, revision: 30, state: now },
  final,
});
const place = {
  generation: '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11',
  environment: 'TEST',
  service: 's',
} as const;

test('what was created is removed, what was deleted comes back, what is the same is left alone', () => {
  const steps = planRollback([
    since('created', undefined, state(1)),
    since('deleted', state(1), undefined),
    since('changed', state(null), state(1)),
    since('described', state(1, 'a'), state(1, 'b')),
    since('same', state({ a: 1, b: 2 }), state({ b: 2, a: 1 })),
    since('never', undefined, undefined),
    since('not_on_record', { ...state(1), description: undefined }, state(1, 'b')),
  ]);
  expect(steps.map(({ key, change }) => [key, change])).toEqual([
    ['created', 'removed'],
    ['deleted', 'added'],
    ['changed', 'changed'],
    ['described', 'changed'],
  ]);
});

test('a step holds of the state that it was planned from', () => {
  const [removed, added] = planRollback([since('a', undefined, state(1)), since('b', state(2), undefined)]);
  expect(changeOf(removed!, place)).toMatchObject({
    conditions: { ifMatch: '"5b8f2f4e.30"' },
    restoredVersion: 0,
    field: 'body.changes.a',
  });
  expect(changeOf(added!, place)).toMatchObject({ conditions: { ifAbsent: true }, restoredVersion: 1 });
});

test('final changes are named, unless nothing of them is to be undone', () => {
  requireUndoable(planRollback([since('same', state(1), state(1), [2])]));
  expect(() => requireUndoable(planRollback([since('a', state(1), state(2), [2, 3])]))).toThrow(
    /a \(version 2, 3\)/,
  );
});

test('parts hold every step once, in order, and fit into a transaction', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 900_000 }), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 400 }), (large, small) => {
      const values = [
        ...large.map(length => 'x'.repeat(length)),
        ...Array.from({ length: small }, () => 'x'),
      ];
      const steps = planRollback(values.map((value, index) => since(`k${index}`, state(value), undefined)));
      const parts = partsOf(steps);
      expect(parts.flat()).toEqual(steps);
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(MAX_BATCH_CHANGES);
        const bytes = part.reduce(
          (sum, { since: { before } }) => sum + String(before.state!.value).length,
          0,
        );
        expect(bytes).toBeLessThanOrEqual(1_000_000);
      }
    }),
    { numRuns: 50 },
  );
});
