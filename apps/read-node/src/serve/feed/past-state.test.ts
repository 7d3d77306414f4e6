import { HEARTBEAT_KEY, type ServiceError } from '@quantivista/contracts';
import type { StoredEntry } from '@quantivista/snapshot';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPast, sorted, steps } from '../../../test/random-past.ts';
import { stateAt } from './past-state.ts';

const code = (attempt: () => unknown): string => {
  try {
    attempt();
    return 'none';
  } catch (error) {
    return (error as ServiceError).code;
  }
};
const withoutBeat = (entries: Iterable<StoredEntry>) =>
  sorted([...entries].filter(({ key }) => key !== HEARTBEAT_KEY));

test('every state that the history reaches back to is exactly what it was; of the newest, all', () => {
  fc.assert(
    fc.property(steps, all => {
      const past = createPast();
      const states = all.map(step => {
        past.play(step);
        return past.entries();
      });
      const loaded = past.replica.current!;
      for (const [index, state] of states.entries())
        expect(withoutBeat(stateAt(loaded, 2 * (index + 1)))).toEqual(withoutBeat(state));
      expect(sorted(stateAt(loaded, loaded.snapshot.revision))).toEqual(sorted(past.entries()));
    }),
  );
});

test('a heartbeat is never of a later time than the state', () => {
  const past = createPast();
  past.play('beat');
  past.play({ 'TEST/a': 1 });
  expect([...stateAt(past.replica.current!, 2)].map(({ key }) => key)).toEqual([HEARTBEAT_KEY]);
  past.play('beat');
  expect([...stateAt(past.replica.current!, 2)]).toEqual([]);
});

test('it stays what it was while changes are applied', () => {
  const past = createPast();
  past.play({ 'TEST/a': 1, 'TEST/b': 1 });
  const before = past.entries();
  const taken = stateAt(past.replica.current!, 2);
  past.play({ 'TEST/a': 2, 'TEST/b': null, 'STAGING/a': 1 });
  expect(sorted(taken)).toEqual(sorted(before));
});

test('what is not held, and what has not come yet, is refused', () => {
  const past = createPast(2);
  for (let count = 0; count < 5; count++) past.play({ 'TEST/a': count });
  const loaded = past.replica.current!;
  expect(code(() => stateAt(loaded, loaded.history.floor - 1))).toBe('compacted');
  expect(code(() => stateAt(loaded, loaded.snapshot.revision + 1))).toBe('revision_not_reached');
});
