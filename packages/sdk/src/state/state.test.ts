import fc from 'fast-check';
import { expect, test } from 'vitest';
import { at, heartbeat, reset, snapshot, update } from '../../test/frames.ts';
import type { Frame, Json } from '../follow/wire.ts';
import { changedNames, follow, revive, type State, valuesOf } from './state.ts';

const followed = (state: State | undefined, frame: Frame): State => {
  const next = follow(state, frame);
  if (typeof next === 'string') throw new Error(next);
  return next;
};

const key = fc.constantFrom('a', 'b', 'constructor', 'to_string', '__proto__');
const value = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const change = fc.tuple(key, fc.option(value, { nil: undefined }));

test('snapshot and updates make what the store holds, and tell which keys changed', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { minLength: 1, maxLength: 4 })), transactions => {
      const held = new Map<string, { value: Json; version: number }>();
      let state = followed(undefined, snapshot(1, {}));
      transactions.forEach((changes, index) => {
        const once = new Map(changes);
        const before = new Map(held);
        const updates = [...once].map(([config_key, new_value]) => {
          const version = index + 2;
          if (new_value === undefined) held.delete(config_key);
          else held.set(config_key, { value: new_value, version });
          return { config_key, new_value: new_value ?? null, deleted: new_value === undefined, version };
        });
        const next = followed(state, update(index + 2, updates));
        const shown = (of: typeof held, name: string) => JSON.stringify(of.get(name)?.value);
        const changed = [...once.keys()].filter(name => shown(before, name) !== shown(held, name));
        expect(changedNames(state.entries, next.entries).sort()).toEqual(changed.sort());
        state = next;
      });
      expect(state.revision).toBe(transactions.length + 1);
      const values = valuesOf(state.entries);
      expect(Object.keys(values).sort()).toEqual([...held.keys()].sort());
      for (const [name, entry] of held) expect(values[name]).toEqual(entry.value);
    }),
  );
});

test('a state that was looked at never changes, and nobody can change it', () => {
  const before = followed(undefined, snapshot(1, { a: { list: [1] }, b: 2 }));
  const entries = structuredClone(before.entries);
  followed(
    before,
    update(2, [
      { config_key: 'a', deleted: true },
      { config_key: 'b', new_value: 3, version: 2 },
    ]),
  );
  expect({ ...before.entries }).toEqual({ ...entries });
  const { a } = valuesOf(before.entries) as { a: { list: number[] } };
  expect(() => a.list.push(2)).toThrow(TypeError);
});

test('a heartbeat moves the revision and nothing else', () => {
  const state = followed(undefined, snapshot(1, { a: 1 }));
  const later = followed(state, heartbeat(7));
  expect(later.revision).toBe(7);
  expect(later.entries).toBe(state.entries);
  expect(followed(later, heartbeat(7))).toBe(later);
});

test('what was seen already is no news', () => {
  const state = followed(undefined, snapshot(5, { a: 1 }));
  expect(followed(state, update(5, [{ config_key: 'a', new_value: 9 }]))).toBe(state);
});

test('a value that is put again is no change, a secret is', () => {
  const secret = { $withheld: 'confidential' };
  const before = followed(undefined, snapshot(1, { a: { deep: [1] }, password: secret }));
  const updates = [
    { config_key: 'a', new_value: { deep: [1] } },
    { config_key: 'password', new_value: secret },
  ];
  const after = followed(before, update(2, updates));
  expect(after.entries.a!.version).toBe(2);
  expect(changedNames(before.entries, after.entries)).toEqual(['password']);
});

test('a snapshot that says the same changes no key', () => {
  const state = followed(undefined, snapshot(5, { a: { deep: [1] }, b: 2 }));
  const again = followed(state, snapshot(9, { a: { deep: [1] }, c: 3 }));
  expect(changedNames(state.entries, again.entries)).toEqual(['c', 'b']);
});

test.each<[string, Frame, string]>([
  ['an older snapshot', snapshot(4, {}), 'went_back'],
  ['an older update', update(4, [{}]), 'went_back'],
  ['an older heartbeat', heartbeat(4), 'went_back'],
  ['an update of another generation', update(9, [{}], 'g2'), 'another_generation'],
  ['a heartbeat of another generation', heartbeat(9, 'g2'), 'another_generation'],
])('%s does not fit', (_, frame, misfit) => {
  expect(follow(followed(undefined, snapshot(5, { a: 1 })), frame)).toBe(misfit);
});

test('nothing fits before the first snapshot', () => {
  for (const frame of [update(4, [{}]), heartbeat(4), reset(4)])
    expect(follow(undefined, frame)).toBe('another_generation');
});

test('a reset changes nothing: the snapshot that follows does', () => {
  const state = followed(undefined, snapshot(5, { a: 1 }));
  expect(followed(state, reset(2, 'g2'))).toBe(state);
  expect(followed(state, snapshot(2, { b: 1 }, 'g2'))).toMatchObject(at(2, 'g2'));
});

test('kept in JSON and revived it is the same', () => {
  const state = followed(
    undefined,
    snapshot(5, { constructor: 1, a: { deep: [null] } } as Record<string, Json>),
  );
  const revived = revive(JSON.parse(JSON.stringify(state)) as State);
  expect(revived).toEqual(state);
  expect(valuesOf(revived.entries)).toEqual(valuesOf(state.entries));
  expect(() => (valuesOf(revived.entries).a as { deep: null[] }).deep.push(null)).toThrow(TypeError);
});
