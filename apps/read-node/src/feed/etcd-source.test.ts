import { createScope, EVERYTHING } from '@quantivista/contracts';
import type { RevisionEvents } from '@quantivista/etcd';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { narrow } from './etcd-source.ts';

const of = (revision: number, ...keys: string[]): RevisionEvents => ({
  revision,
  events: keys.map(key => ({ key: `/quantivista/${key}`, value: '1' })),
});

let passed: RevisionEvents[];
const narrowTo = (scope: typeof EVERYTHING) => {
  passed = [];
  return narrow(scope, events => passed.push(events));
};
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is held is passed on at once, without what is not', () => {
  narrowTo(createScope(['TEST'])).take(of(5, 'test/risk/a', 'production/risk/a', '_commit'));
  expect(passed).toEqual([of(5, 'test/risk/a', '_commit')]);
});

test('revisions of which nothing is held come together, in order with the others', () => {
  const { take } = narrowTo(createScope(['TEST']));
  for (let revision = 1; revision <= 500; revision++) take(of(revision, 'production/risk/a', '_commit'));
  expect(passed).toEqual([]);
  vi.runAllTimers();
  expect(passed).toEqual([of(500)]);
  take(of(501, 'production/risk/a'));
  take(of(502, 'test/risk/a'));
  vi.runAllTimers();
  expect(passed.map(({ revision }) => revision)).toEqual([500, 502]);
});

test('nothing comes after it was closed', () => {
  const { take, close } = narrowTo(createScope(['TEST']));
  take(of(1, 'production/risk/a'));
  close();
  vi.runAllTimers();
  expect(passed).toEqual([]);
});

test('where all is held nothing is delayed', () => {
  narrowTo(EVERYTHING).take(of(1, 'production/risk/a'));
  expect(passed).toHaveLength(1);
});
