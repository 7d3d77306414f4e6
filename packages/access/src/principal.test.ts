import { PERMISSIONS, type Permission } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import { createAccessModel } from './model.ts';
import { authenticate, type Principal } from './principal.ts';
import { createToken, hashToken, isToken } from './tokens.ts';

const token = createToken();
const records = new Map([[hashToken(token), { name: 'admin', created_at: '2026-01-01T00:00:00.000Z' }]]);
const lookup = (hash: string) => records.get(hash);

describe('authenticate', () => {
  test('knows the bearer of a token', () => {
    expect(authenticate(lookup, `Bearer ${token}`)).toMatchObject({ name: 'admin' });
    expect(authenticate(lookup, `bearer ${token}`)).toMatchObject({ name: 'admin' });
  });

  test('knows a token until it expires', () => {
    const record = { name: 'ci', created_at: '2026-01-01T00:00:00Z', expires_at: '2026-02-01T00:00:00.000Z' };
    const at = (time: string) => authenticate(() => record, `Bearer ${token}`, Date.parse(time));
    expect(at('2026-01-31T23:59:59.999Z')).toMatchObject({ name: 'ci' });
    expect(at('2026-02-01T00:00:00.000Z')).toBeUndefined();
  });

  test('a token may do what its record says; one that does not say, what all could before', () => {
    const { rightsOf } = createAccessModel([], []);
    const may = (who: Principal, action: Permission) => rightsOf(who).decide(action, {}).allowed;
    const stated = { name: 'ann', permissions: ['approve'] as const, created_at: '2026-01-01T00:00:00Z' };
    const ann = authenticate(() => stated, `Bearer ${token}`)!;
    expect(PERMISSIONS.filter(each => may(ann, each))).toEqual(['approve']);
    const old = authenticate(lookup, `Bearer ${token}`)!;
    expect(PERMISSIONS.filter(each => !may(old, each))).toEqual(['read-secret', 'break-glass']);
  });

  test('a token may name the service that bears it', () => {
    const record = { name: 'risk', service: 'risk_engine', created_at: '2026-01-01T00:00:00Z' };
    expect(authenticate(() => record, `Bearer ${token}`)).toMatchObject({ service: 'risk_engine' });
    expect(authenticate(lookup, `Bearer ${token}`)).toMatchObject({ service: undefined });
  });

  test.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['another token', `Bearer ${createToken()}`],
    ['another scheme', `Basic ${token}`],
    ['a bare token', token],
    ['two tokens', `Bearer ${token} ${token}`],
    ['the hash itself', `Bearer ${hashToken(token)}`],
    ['a token with its end cut off', `Bearer ${token.slice(0, -1)}`],
  ])('does not know the bearer of %s', (_, authorization) => {
    expect(authenticate(lookup, authorization)).toBeUndefined();
  });
});

test('tokens are of their form, and differ', () => {
  const tokens = Array.from({ length: 100 }, createToken);
  expect(tokens.every(isToken)).toBe(true);
  expect(new Set(tokens).size).toBe(100);
});
