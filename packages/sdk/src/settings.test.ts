import { expect, test } from 'vitest';
import { type Change, createSettings } from './settings.ts';
import type { State, Values } from './state/state.ts';

const stateOf = (revision: number, limit: number): State => ({
  generation: 'g',
  revision,
  entries: { limit: { value: limit, version: revision } },
});
function positive({ limit }: Values): { limit: number } {
  if (typeof limit !== 'number' || limit <= 0) throw new Error('limit: must be above 0');
  return { limit };
}

test('a state that can’t be used is not: the one from before stays until one comes that can be', () => {
  const settings = createSettings(positive);
  const changes: Change<{ limit: number }>[] = [];
  settings.onChange(change => changes.push(change));
  settings.take(stateOf(1, -1), []);
  expect(settings.applied).toBeUndefined();
  settings.take(stateOf(2, 10), []);
  settings.take(stateOf(3, -5), []);
  expect(settings.applied).toMatchObject({ revision: 2, settings: { limit: 10 } });
  expect(settings.refused).toEqual({ generation: 'g', revision: 3, error: 'limit: must be above 0' });
  settings.take(stateOf(4, 12), []);
  expect(settings.applied).toMatchObject({ revision: 4, settings: { limit: 12 } });
  expect(settings.refused).toBeUndefined();
  expect(changes.map(({ revision, previous }) => [previous?.revision, revision])).toEqual([
    [undefined, 2],
    [2, 4],
  ]);
});

test('a revision that changes nothing moves on what is used, and not what is refused', () => {
  const settings = createSettings(positive);
  const state = stateOf(2, 10);
  settings.take(state, []);
  settings.take({ ...state, revision: 9 }, []);
  expect(settings.applied).toMatchObject({ revision: 9, settings: { limit: 10 } });
  const bad = stateOf(10, -1);
  settings.take(bad, []);
  settings.take({ ...bad, revision: 11 }, []);
  expect(settings.applied?.revision).toBe(9);
  expect(settings.refused?.revision).toBe(10);
});

test('it parses once a change', () => {
  let times = 0;
  const settings = createSettings(values => {
    times++;
    return values;
  });
  const state = stateOf(1, 1);
  for (let revision = 1; revision < 10; revision++) settings.take({ ...state, revision }, []);
  settings.take(stateOf(10, 2), []);
  expect(times).toBe(2);
});
