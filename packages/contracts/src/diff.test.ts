import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from './configuration.ts';
import { diffMaps, diffOf, type Values } from './diff.ts';
import { jsonEqual } from './json-equal.ts';

const anyJson = fc.jsonValue().map(value => JSON.parse(JSON.stringify(value)) as Json);
const values = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'constructor', 'limit'),
      fc.oneof(fc.constantFrom(null, 1, '1'), anyJson),
    ),
  )
  .map(entries => new Map<string, Json>(entries));

function applied(before: Values, changes: ReturnType<typeof diffMaps>['changes']): Map<string, Json> {
  const after = new Map(before);
  for (const { config_key, change, new_value } of changes) {
    if (change === 'removed') after.delete(config_key);
    else after.set(config_key, new_value!);
  }
  return after;
}

describe('laws', () => {
  test('nothing differs from itself', () => {
    fc.assert(
      fc.property(values, state => {
        expect(diffMaps(state, structuredClone(state))).toEqual({ changes: [], unchanged: state.size });
      }),
    );
  });

  test('a diff, applied to the state before, makes the state after', () => {
    fc.assert(
      fc.property(values, values, (before, after) => {
        expect(applied(before, diffMaps(before, after).changes)).toEqual(after);
      }),
    );
  });

  test('the way back is the way there, turned round', () => {
    const turned = { added: 'removed', removed: 'added', changed: 'changed' } as const;
    fc.assert(
      fc.property(values, values, (before, after) => {
        const back = diffMaps(after, before).changes.map(({ config_key, change, old_value, new_value }) => ({
          config_key,
          change: turned[change],
          old_value: new_value,
          new_value: old_value,
        }));
        expect(back).toEqual(diffMaps(before, after).changes);
      }),
    );
  });

  test('every key is counted once', () => {
    fc.assert(
      fc.property(values, values, (before, after) => {
        const { changes, unchanged } = diffMaps(before, after);
        expect(changes.length + unchanged).toBe(new Set([...before.keys(), ...after.keys()]).size);
      }),
    );
  });
});

test('null is a value: it is not the same as none', () => {
  const none = new Map<string, Json>();
  const there = new Map<string, Json>([['limit', null]]);
  expect(diffMaps(none, there).changes).toEqual([{ config_key: 'limit', change: 'added', new_value: null }]);
  expect(diffMaps(there, none).changes).toEqual([
    { config_key: 'limit', change: 'removed', old_value: null },
  ]);
});

test('values are equal where their JSON says the same, in whatever order', () => {
  expect(jsonEqual({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
  expect(jsonEqual([1, 2], [2, 1])).toBe(false);
  expect(jsonEqual({ toString: 1 }, { a: 1 })).toBe(false);
  expect(jsonEqual({ a: 1 }, [1])).toBe(false);
  fc.assert(
    fc.property(anyJson, anyJson, (a, b) => {
      const sorted = (value: Json): string =>
        JSON.stringify(value, (_key, part) =>
          typeof part === 'object' && part !== null && !Array.isArray(part)
            ? Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1))
            : part,
        );
      expect(jsonEqual(a, structuredClone(a))).toBe(true);
      if (jsonEqual(a, b)) expect(sorted(a)).toBe(sorted(b));
    }),
  );
});

test('a diff of several services counts over all of them', () => {
  const part = (service: string, before: object, after: object) => ({
    environment: 'TEST' as const,
    service,
    before: new Map<string, Json>(Object.entries(before)),
    after: new Map<string, Json>(Object.entries(after)),
  });
  const diff = diffOf([part('orders', { a: 1, b: 2 }, { b: 3, c: 4 }), part('risk', { d: 5 }, { d: 5 })]);
  expect(diff.totals).toEqual({ added: 1, changed: 1, removed: 1, unchanged: 1 });
  expect(diff.entries.map(each => [each.service_name, each.config_key, each.change])).toEqual([
    ['orders', 'a', 'removed'],
    ['orders', 'b', 'changed'],
    ['orders', 'c', 'added'],
  ]);
});
