import { createToken, hashToken } from '@quantivista/access';
import { type ServiceError, TOKENS_PREFIX } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { expect, test } from 'vitest';
import { createHistory } from '../follow/history.ts';
import { createReplica } from '../follow/replica.ts';
import { createReadAccess } from './read-access.ts';

const token = createToken();
const refusal = (work: () => void): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as ServiceError).code;
  }
};

test('a node without a state knows no token, so it refuses none: it is not ready', () => {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  const access = createReadAccess(replica, 'token');
  const ask = (of: string) => refusal(() => access.require(`Bearer ${of}`));
  expect([ask(token), ask(createToken())]).toEqual(['not_ready', 'not_ready']);

  const entries = [
    {
      key: TOKENS_PREFIX + hashToken(token),
      value: JSON.stringify({ name: 'service' }),
      modRevision: 2,
    },
  ];
  replica.replace({ snapshot: buildSnapshot('g', 2, entries), history: createHistory(2, 4) });
  expect([ask(token), ask(createToken())]).toEqual([undefined, 'unauthenticated']);
});

test('a token that was refused is not looked up again, until the tokens change', () => {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  const access = createReadAccess(replica, 'token');
  const snapshot = buildSnapshot('g', 2, []);
  let lookUps = 0;
  const other = (key: string) => {
    lookUps++;
    return snapshot.other(key);
  };
  replica.replace({ snapshot: { ...snapshot, other }, history: createHistory(2, 4) });
  const before = lookUps;
  for (let count = 0; count < 100; count++) expect(access.allows(`Bearer ${token}`)).toBe(false);
  expect(lookUps - before).toBe(1);

  const key = TOKENS_PREFIX + hashToken(token);
  replica.apply({ revision: 3, changes: [{ key, value: '{"name":"service"}', previous: undefined }] });
  expect(access.allows(`Bearer ${token}`)).toBe(true);
});
