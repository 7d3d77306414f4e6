import { configurationPath, recordKey } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { match, seenOf } from './match.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const path = configurationPath({ environment: 'TEST', service: 'risk', key: 'a' });
const key = recordKey(path);
const put = (name: string) => ({ key: name, value: '{}' });
const committed = (revision: number) => ({ ...path, revision, intentId: `intent-${revision}` });
const seen = (revision: number, ...events: { key: string; value: string | undefined }[]) =>
  seenOf({ revision, events })!;

const write = (revision: number) =>
  seen(revision, put(key), put('/quantivista/_commit'), put('/quantivista-authority/op/x'));

test('what the authority has written is no finding', () => {
  expect(match(GENERATION, [write(5), write(7)], [committed(5), committed(7)])).toEqual([]);
});

test.each([
  ['a value', put(key), 'put'],
  ['a deletion', { key, value: undefined }, 'delete'],
  ['a name that the API would not take', put('/quantivista/Test/x'), 'put'],
  ['a flag', put('/quantivista/_flags/f'), 'put'],
  ['a token', put('/quantivista/_access/tokens/f00d'), 'put'],
  ['a role', put('/quantivista/_access/roles/reader'), 'put'],
  ['a binding', { key: '/quantivista/_access/bindings/readers', value: undefined }, 'delete'],
  ['a destroyed version', put('/quantivista-authority/secrets/test/risk/a'), 'put'],
  ['a schema', put('/quantivista-authority/schemas/risk/a'), 'put'],
  ['last versions', put('/quantivista-authority/deleted/test/risk'), 'put'],
  ['a note', put('/quantivista/_commit'), 'put'],
  ['an anchor gone', { key: '/quantivista-authority/audit/test', value: undefined }, 'delete'],
])('by another hand: %s', (_, event, operation) => {
  expect(match(GENERATION, [write(5), seen(6, event)], [committed(5)])).toEqual([
    {
      kind: 'foreign_change',
      generation: GENERATION,
      revision: 6,
      subject: event.key,
      details: { operation },
    },
  ]);
});

test('the admin token of the file is put without a record, and deleted by nobody', () => {
  const token = '/quantivista/_access/tokens/f00d';
  expect(seenOf({ revision: 1, events: [put(token)] }, token)).toBeUndefined();
  expect(seenOf({ revision: 1, events: [put(`${token}1`)] }, token)).toBeDefined();
  expect(seenOf({ revision: 1, events: [{ key: token, value: undefined }] }, token)).toBeDefined();
});

test('beside a committed change of the same revision, a record that it does not name', () => {
  const other = '/quantivista/test/risk/b';
  const found = match(GENERATION, [seen(5, put(key), put(other))], [committed(5)]);
  expect(found).toMatchObject([{ kind: 'foreign_change', subject: other }]);
});

test('on record, and not in the history', () => {
  expect(match(GENERATION, [write(5)], [committed(5), committed(6)])).toMatchObject([
    { kind: 'missing_change', revision: 6, subject: key, details: { intent_id: 'intent-6' } },
  ]);
});

test.each([
  '/quantivista/_heartbeat',
  '/quantivista/_generation',
  '/quantivista-authority/op/1',
  '/quantivista-authority/leader',
  '/quantivista-authority/regions/eu',
  '/quantivista-authority/audit/test',
])("%s is nobody else's", name => {
  expect(seenOf({ revision: 1, events: [put(name)] })).toBeUndefined();
});
