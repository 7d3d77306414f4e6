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

function startWith(records: Record<string, object>, mode: 'open' | 'token' = 'token') {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  const access = createReadAccess(replica, mode);
  const entries = Object.entries(records).map(([of, record]) => ({
    key: TOKENS_PREFIX + hashToken(of),
    value: JSON.stringify({ name: 'x', ...record }),
    modRevision: 2,
  }));
  replica.replace({ snapshot: buildSnapshot('g', 2, entries), history: createHistory(2, 4) });
  return { replica, access };
}

test('a reader is known by the token, and by the service that it names', () => {
  const tokenHash = hashToken(token);
  const anyone = { service: undefined, tokenHash: undefined };
  for (const mode of ['open', 'token'] as const) {
    const { access } = startWith({ [token]: { service: 'risk' } }, mode);
    expect(access.reader(`Bearer ${token}`)).toEqual({ service: 'risk', tokenHash });
    const others = [null, `Bearer ${createToken()}`, 'x'.repeat(1_000)].map(of => access.reader(of));
    expect(others).toEqual(Array(3).fill(mode === 'open' ? anyone : undefined));
  }
});

test('who is known and may not read is forbidden to, who is not known is not', () => {
  const { access } = startWith({ [token]: { permissions: ['approve'] } });
  expect(refusal(() => access.require(`Bearer ${token}`))).toBe('forbidden');
  expect(refusal(() => access.require(`Bearer ${createToken()}`))).toBe('unauthenticated');
  expect(refusal(() => access.require(null))).toBe('unauthenticated');
  expect(access.allows(`Bearer ${token}`)).toBe(false);
});

test('a token holds until it is revoked, has expired, or may not read', () => {
  const past = createToken();
  const approver = createToken();
  const { access, replica } = startWith({
    [token]: {},
    [past]: { expires_at: '2020-01-01T00:00:00Z' },
    [approver]: { permissions: ['approve'] },
  });
  const holds = (of: string) => access.holds(hashToken(of));
  expect([token, past, approver, createToken()].map(holds)).toEqual([true, false, false, false]);
  expect(access.holds(undefined)).toBe(false);
  const key = TOKENS_PREFIX + hashToken(token);
  replica.apply({ revision: 3, changes: [{ key, value: undefined, previous: undefined }] });
  expect(holds(token)).toBe(false);
  expect(startWith({}, 'open').access.holds(undefined)).toBe(true);
});
