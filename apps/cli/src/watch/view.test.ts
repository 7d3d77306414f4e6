import type { Configuration, WatchFrame } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { createView } from './view.ts';

const generation = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const at = (revision: number) => ({ generation, revision, environment: 'TEST' as const, service_name: 'a' });
const configuration = (config_value: string, version = 1) =>
  ({ config_value, version, updated_by: 'ann' }) as unknown as Configuration;
const snapshot = (revision: number, configurations: Record<string, Configuration>): WatchFrame =>
  ({ type: 'snapshot', ...at(revision), configurations }) as WatchFrame;
const update = (
  revision: number,
  config_key: string,
  old_value: unknown,
  new_value: unknown,
  deleted = false,
) =>
  ({
    type: 'update',
    ...at(revision),
    updates: [{ config_key, old_value, new_value, deleted, updated_by: 'bob', reason: 'why', version: 2 }],
  }) as WatchFrame;

test('updates after the first snapshot are told with who and why', () => {
  const view = createView();
  expect(view.apply(snapshot(5, { x: configuration('1') }))).toEqual([]);
  expect(view.apply(update(6, 'x', '1', '2'))).toEqual([
    { kind: 'changed', key: 'x', before: '1', after: '2', revision: 6, by: 'bob', reason: 'why', version: 2 },
  ]);
  expect(view.apply(update(7, 'y', null, null))[0]).toMatchObject({
    kind: 'added',
    before: undefined,
    after: null,
  });
  expect(view.apply(update(8, 'y', null, null, true))[0]).toMatchObject({ kind: 'removed', before: null });
  expect(view.keys).toBe(1);
  expect(view.bookmark).toBe(`${generation}:8`);
});

test('heartbeats move the bookmark; a reset drops it until the snapshot has come', () => {
  const view = createView();
  view.apply(snapshot(5, { x: configuration('1'), gone: configuration('g') }));
  view.apply({ type: 'heartbeat', ...at(9), age: 0.1 } as WatchFrame);
  expect(view.bookmark).toBe(`${generation}:9`);
  view.apply({ type: 'reset', ...at(20), reason: 'compacted' } as WatchFrame);
  expect(view.bookmark).toBeUndefined();
  const missed = view.apply(snapshot(20, { x: configuration('2', 4), fresh: configuration('n') }));
  expect(missed).toMatchObject([
    { kind: 'changed', key: 'x', before: '1', after: '2', by: 'ann', version: 4 },
    { kind: 'added', key: 'fresh', after: 'n' },
    { kind: 'removed', key: 'gone', before: 'g', by: undefined },
  ]);
  expect(view.bookmark).toBe(`${generation}:20`);
});
