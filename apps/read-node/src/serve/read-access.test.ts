import { createToken, hashToken, tokenId } from '@quantivista/access';
import { BINDINGS_PREFIX, ROLES_PREFIX, type ServiceError, TOKENS_PREFIX } from '@quantivista/contracts';
import { createRateLimits } from '@quantivista/runtime';
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
  replica.replace({ snapshot: buildSnapshot('g', 2, entries), history: createHistory(2, { length: 4 }) });
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
  replica.replace({ snapshot: { ...snapshot, other }, history: createHistory(2, { length: 4 }) });
  const before = lookUps;
  for (let count = 0; count < 100; count++) expect(access.allows(`Bearer ${token}`)).toBe(false);
  expect(lookUps - before).toBe(1);

  const key = TOKENS_PREFIX + hashToken(token);
  replica.apply({ revision: 3, changes: [{ key, value: '{"name":"service"}', previous: undefined }] });
  expect(access.allows(`Bearer ${token}`)).toBe(true);
});

const START = { agingMs: 5_000, staleMs: 30_000 };
const stored = { version: 1, updated_at: '2026-01-01T00:00:00Z', updated_by: 'admin' };
const put = (key: string, value: object | undefined) => ({
  key,
  value: value && JSON.stringify(value),
  previous: undefined,
});

function withToken(record: object, ...others: [key: string, value: object][]) {
  const replica = createReplica(START);
  const listed: [string, object][] = [[TOKENS_PREFIX + hashToken(token), record], ...others];
  const entries = listed.map(([key, value]) => ({ key, value: JSON.stringify(value), modRevision: 2 }));
  replica.replace({ snapshot: buildSnapshot('g', 2, entries), history: createHistory(2, { length: 4 }) });
  const access = createReadAccess(replica, 'token');
  return { replica, access, bearer: `Bearer ${token}` };
}

test('a reader that is held learns what becomes of its rights', () => {
  const risk = { environment: 'TEST', service: 'risk' } as const;
  const role = { name: 'r', description: '', grants: [{ actions: ['read'], services: ['risk'] }], ...stored };
  const binding = { name: 'b', roles: ['r'], subjects: [{ kind: 'person', name: 'ann' }], ...stored };
  const { replica, access, bearer } = withToken(
    { name: 'ann', permissions: [] },
    [`${ROLES_PREFIX}r`, role],
    [`${BINDINGS_PREFIX}b`, binding],
  );
  const reader = access.require(bearer, risk);
  expect(refusal(() => access.require(bearer, { ...risk, service: 'orders' }))).toBe('forbidden');
  const extent = reader.extent('TEST', 'risk');
  expect([extent, reader.extent('TEST', 'orders')]).toEqual(['all', 'none']);

  let told = 0;
  access.listen(() => told++);
  const narrowed = { ...role, grants: [{ actions: ['read'], services: ['risk'], keys: ['a*'] }] };
  replica.apply({ revision: 3, changes: [put(`${ROLES_PREFIX}r`, narrowed)] });
  expect(reader.decide(risk).allowed).toBe(false);
  expect(reader.decide({ ...risk, key: 'a1' }).allowed).toBe(true);
  const part = reader.extent('TEST', 'risk');
  expect(part).toMatchObject({ byType: false });
  expect(reader.extent('TEST', 'risk')).toBe(part);

  replica.apply({ revision: 4, changes: [put(TOKENS_PREFIX + hashToken(token), undefined)] });
  expect([reader.isKnown(), reader.decide({ ...risk, key: 'a1' }).allowed]).toEqual([false, false]);
  expect(refusal(() => access.require(bearer))).toBe('unauthenticated');
  expect(told).toBe(2);
});

test('what changes besides disturbs nobody', () => {
  const { replica, access } = withToken({ name: 'ann' });
  let told = 0;
  access.listen(() => told++);
  replica.apply({ revision: 3, changes: [put('/quantivista/test/risk/a', { config_value: 1 })] });
  expect(told).toBe(0);
});

test('where reads are open everyone reads, and secrets take a right all the same', () => {
  const replica = createReplica(START);
  replica.replace({ snapshot: buildSnapshot('g', 2, []), history: createHistory(2, { length: 4 }) });
  const access = createReadAccess(replica, 'open');
  const anybody = access.require(null, {});
  expect(anybody.decide({}, 'read').allowed).toBe(true);
  expect(anybody.decide({}, 'read-secret').allowed).toBe(false);
});

function startWith(records: Record<string, object>, mode: 'open' | 'token' = 'token') {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  const access = createReadAccess(replica, mode);
  const entries = Object.entries(records).map(([of, record]) => ({
    key: TOKENS_PREFIX + hashToken(of),
    value: JSON.stringify({ name: 'x', ...record }),
    modRevision: 2,
  }));
  replica.replace({ snapshot: buildSnapshot('g', 2, entries), history: createHistory(2, { length: 4 }) });
  return { replica, access };
}

test('a reader is known by the token, and by the service that it names', () => {
  const tokenHash = hashToken(token);
  const anyone = { service: undefined, tokenHash: undefined };
  for (const mode of ['open', 'token'] as const) {
    const { access } = startWith({ [token]: { service: 'risk' } }, mode);
    expect(access.reader(`Bearer ${token}`)).toMatchObject({ service: 'risk', tokenHash });
    for (const of of [null, `Bearer ${createToken()}`, 'x'.repeat(10_000)]) {
      const other = access.reader(of);
      if (mode === 'open') expect(other).toMatchObject(anyone);
      else expect(other).toBeUndefined();
    }
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

test('so many requests of a caller, whatever it shows, and of all strangers at an address', async () => {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  const tokens = [token, createToken()];
  const entries = tokens.map(each => ({
    key: TOKENS_PREFIX + hashToken(each),
    value: JSON.stringify({ name: 'service' }),
    modRevision: 2,
  }));
  replica.replace({ snapshot: buildSnapshot('g', 2, entries), history: createHistory(2, { length: 4 }) });
  const of = (perSecond: number) => createRateLimits({ perSecond, now: () => 0 });
  const access = createReadAccess(replica, 'token', { rates: { callers: of(2), strangers: of(1) } });
  const meet = (shown: string | null, from = 'here') =>
    access
      .meet(shown, () => from)
      .then(
        () => 'met',
        ({ code }: ServiceError) => code,
      );
  const [first, second] = tokens.map(each => `Bearer ${each}`) as [string, string];
  expect(await Promise.all([meet(first), meet(second), meet(first), meet(second)])).toEqual(
    Array(4).fill('met'),
  );
  expect([await meet(first), await meet(second)]).toEqual(['rate_limited', 'rate_limited']);
  expect(access.reader(first)!.take()).toBe(false);
  // Strangers are told apart by where they come from alone, however many tokens they make up.
  const stranger = () => `Bearer ${createToken()}`;
  expect([await meet(stranger()), await meet(null), await meet(stranger())]).toEqual([
    'met',
    'met',
    'rate_limited',
  ]);
  expect(await meet(null, 'there')).toBe('met');
});

test('a token that was used is told of once an hour; others never', () => {
  const replica = createReplica(START);
  const rates = {
    callers: createRateLimits({ perSecond: 0 }),
    strangers: createRateLimits({ perSecond: 0 }),
  };
  const access = createReadAccess(replica, 'token', { rates });
  const other = createToken();
  const entries = [token, other].map((of, index) => ({
    key: TOKENS_PREFIX + hashToken(of),
    value: JSON.stringify({ name: 'service' }),
    modRevision: 2 + index,
  }));
  replica.replace({ snapshot: buildSnapshot('g', 3, entries), history: createHistory(3, { length: 4 }) });
  // Known is not used.
  expect(access.allows(`Bearer ${other}`)).toBe(true);
  const use = () => access.reader(`Bearer ${token}`)!.take();
  expect(access.takeTokenUses()).toEqual([]);
  use();
  use();
  expect(access.takeTokenUses()).toEqual([tokenId(hashToken(token))]);
  use();
  expect(access.takeTokenUses()).toEqual([]);
  expect(access.reader(`Bearer ${createToken()}`)).toBeUndefined();
});
