import type { StoredEntry } from '@quantivista/snapshot';
import { beforeEach, expect, test } from 'vitest';
import { createMemoryView, type MemoryView, type RecordView } from './record-view.ts';

const entry = (key: string, value: string, modRevision: number): StoredEntry => ({ key, value, modRevision });

let held: Map<string, StoredEntry>;
let revision: number | undefined;
let asked: string[];
let view: MemoryView;

beforeEach(() => {
  held = new Map([['/a/x', entry('/a/x', 'old', 5)]]);
  revision = 10;
  asked = [];
  const store: RecordView = {
    read: async keys => {
      asked.push(...keys);
      return { revision: 99, entries: keys.map(key => entry(key, 'from the store', 99)) };
    },
    list: async prefix => {
      asked.push(prefix);
      return { revision: 99, entries: [] };
    },
  };
  const followed = {
    prefix: '/a/',
    get revision() {
      return revision;
    },
    stored: (key: string) => held.get(key),
    entries: () => held.values(),
  };
  view = createMemoryView([followed], store);
});

const valueAt = async (key: string) => (await view.read([key])).entries[0]?.value;

test('what is followed is not asked of the store', async () => {
  expect(await view.read(['/a/x', '/a/none'])).toEqual({
    revision: 10,
    entries: [held.get('/a/x'), undefined],
  });
  expect(await view.list('/a/')).toEqual({ revision: 10, entries: [...held.values()] });
  expect(asked).toEqual([]);
});

test('anything else is, with all that is read beside it', async () => {
  await view.read(['/a/x', '/b/y']);
  expect(asked).toEqual(['/a/x', '/b/y']);
  await view.list('/b/');
  revision = undefined;
  expect(await valueAt('/a/x')).toBe('from the store');
  await view.list('/a/');
  expect(asked).toEqual(['/a/x', '/b/y', '/b/', '/a/x', '/a/']);
});

test('an own commit is known before it comes back, and what came after it is not hidden by it', async () => {
  view.remember(11, [
    { op: 'put', key: '/a/x', value: 'mine' },
    { op: 'put', key: '/b/y', value: 'elsewhere' },
  ]);
  expect(await valueAt('/a/x')).toBe('mine');
  // A list can't tell what else has changed up to there.
  await view.list('/a/');
  expect(asked).toEqual(['/a/']);
  held.set('/a/x', entry('/a/x', 'of another', 12));
  revision = 12;
  expect(await valueAt('/a/x')).toBe('of another');
  await view.list('/a/');
  expect(asked).toEqual(['/a/']);
});

test('a deletion of its own is known too', async () => {
  view.remember(11, [{ op: 'delete', key: '/a/x' }]);
  expect(await valueAt('/a/x')).toBeUndefined();
});
