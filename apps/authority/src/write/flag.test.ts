import type { Json, ServiceError } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { deleteFlag, restoreFlag, setFlag } from './flag.ts';
import type { RequestedChange, StoredRecord } from './request.ts';
import { setSegment } from './segment.ts';

const PLACE = { field: 'body' };
const next = (change: RequestedChange, present?: StoredRecord, version = 1, actor = 'ana') =>
  change.next(present, { version, now: `2026-01-0${version}T00:00:00.000Z`, actor });
const fieldsOf = (work: () => unknown): string[] => {
  try {
    work();
    return [];
  } catch (error) {
    return ((error as ServiceError).details.errors as { field: string }[]).map(({ field }) => field);
  }
};

test('who made a flag stays, who changed it last is said', () => {
  const made = next(setFlag('a', { enabled: true }, PLACE));
  const changed = next(
    setFlag('a', { rollout_percentage: 5, reason: 'x', updated_by: 'bo' }, PLACE),
    made,
    2,
    'bo',
  );
  expect(changed).toEqual({
    flag_name: 'a',
    enabled: true,
    rollout_percentage: 5,
    target_services: [],
    conditions: {},
    description: '',
    version: 2,
    created_by: 'ana',
    created_at: '2026-01-01T00:00:00.000Z',
    updated_by: 'bo',
    updated_at: '2026-01-02T00:00:00.000Z',
  });
});

test('a version that is restored is a new version, of the same maker, deleted or not', () => {
  const old = next(setFlag('a', { description: 'old' }, PLACE))!;
  const present = next(setFlag('a', { description: 'new' }, PLACE), old, 2, 'bo');
  for (const before of [present, undefined]) {
    expect(next(restoreFlag('a', old as unknown as Json, PLACE), before, 3, 'cy')).toEqual({
      ...old,
      version: 3,
      updated_by: 'cy',
      updated_at: '2026-01-03T00:00:00.000Z',
    });
  }
});

test('faults name the field, also those of the whole', () => {
  const fields = (change: RequestedChange) => fieldsOf(() => next(change));
  expect(fields(setFlag('a', { rules: [{ when: {}, split: { gone: 1 } }] }, PLACE))).toEqual([
    'body.rules.0.split.gone',
  ]);
  expect(fields(setFlag('a', { default_variant: 'gone' }, { field: 'body.flags.3' }))).toEqual([
    'body.flags.3.default_variant',
  ]);
  expect(fields(setFlag('a', { conditions: { a: 'x\0' } }, PLACE))).toEqual(['body']);
  expect(fields(setSegment('s', { description: 'no conditions' }, PLACE))).toEqual(['body.conditions']);
  expect(fields(setSegment('s', { conditions: { a: '\ud800'.repeat(2) } }, PLACE))).not.toEqual([]);
});

test('only what is there is deleted', () => {
  expect(next(deleteFlag('a', PLACE), { version: 1 })).toBeUndefined();
  expect(() => next(deleteFlag('a', PLACE))).toThrow('There is no such thing');
});
