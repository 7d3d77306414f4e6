import type { BatchChange } from '@quantivista/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plan } from './plan.ts';
import { split } from './split.ts';

const present = new Map([['a', { same: { x: [1] }, old: '1', extra: null }]]);
const wanted = new Map([
  ['a', new Map<string, never>(Object.entries({ same: { x: [1] }, old: 1, fresh: false }) as never)],
  ['b', new Map()],
]);

test('what differs becomes a change, on the condition of the value that it replaces', () => {
  expect(plan(present, wanted, false)).toEqual({
    changes: [
      { op: 'set', service_name: 'a', config_key: 'old', old_value: '1', new_value: 1 },
      { op: 'set', service_name: 'a', config_key: 'fresh', new_value: false },
    ],
    unchanged: 1,
    services: { a: { same: { x: [1] }, old: 1, extra: null, fresh: false }, b: {} },
  });
});

test('pruning deletes what the file does not name', () => {
  const { changes, services } = plan(present, wanted, true);
  expect(changes.at(-1)).toEqual({ op: 'delete', service_name: 'a', config_key: 'extra', old_value: null });
  expect(services.a).toEqual({ same: { x: [1] }, old: 1, fresh: false });
});

test('what a plan leads to needs no further change', () => {
  const maps = fc.dictionary(
    fc.constantFrom('s', 't'),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 2 })),
  );
  fc.assert(
    fc.property(maps, maps, fc.boolean(), (before, after, prune) => {
      const asked = new Map(Object.entries(after).map(([name, map]) => [name, new Map(Object.entries(map))]));
      const first = plan(new Map(Object.entries(before)) as never, asked as never, prune);
      const second = plan(new Map(Object.entries(first.services)), asked as never, prune);
      expect(second.changes).toEqual([]);
      expect(second.services).toEqual(first.services);
    }),
  );
});

const change = (service: string, index: number, size = 1): BatchChange => ({
  op: 'set',
  environment: 'TEST',
  service_name: service,
  config_key: `k${index}`,
  new_value: 'x'.repeat(size),
});
const many = (service: string, count: number) =>
  Array.from({ length: count }, (_, index) => change(service, index));
const shape = (transactions: BatchChange[][]) =>
  transactions.map(each => each.map(one => one.service_name).join(''));

test('a service stays within one transaction where it fits', () => {
  const changes = [...many('a', 2), ...many('b', 2), ...many('c', 3), ...many('d', 1)];
  expect(shape(split(changes, { maxChanges: 3 }))).toEqual(['aa', 'bb', 'ccc', 'd']);
  expect(shape(split(many('a', 7), { maxChanges: 3 }))).toEqual(['aaa', 'aaa', 'a']);
  expect(split([])).toEqual([]);
  // Each service takes an operation of its own.
  expect(shape(split(changes, { maxOperations: 6 }))).toEqual(['aabb', 'cccd']);
});

test('a transaction is limited in bytes; what is too large goes alone', () => {
  const changes = [change('a', 1, 10), change('b', 1, 900), change('c', 1, 10)];
  expect(shape(split(changes, { maxBytes: 500 }))).toEqual(['a', 'b', 'c']);
});

test('no change is lost or moved, whatever the limits', () => {
  const changes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(50)), { maxLength: 60 });
  fc.assert(
    fc.property(
      changes,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 150, max: 800 }),
      (list, maxChanges, maxBytes) => {
        const all = list.map(([service, size], index) => change(service, index, size));
        const grouped = [...Map.groupBy(all, one => one.service_name).values()].flat();
        const transactions = split(all, { maxChanges, maxBytes });
        expect(transactions.flat()).toEqual(grouped);
        for (const each of transactions) expect(each.length).toBeLessThanOrEqual(maxChanges);
      },
    ),
  );
});
