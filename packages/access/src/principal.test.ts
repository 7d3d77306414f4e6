import { describe, expect, test } from 'vitest';
import { authenticate } from './principal.ts';
import { createToken, hashToken, isToken } from './tokens.ts';

const token = createToken();
const records = new Map([[hashToken(token), { name: 'admin', created_at: '2026-01-01T00:00:00.000Z' }]]);
const lookup = (hash: string) => records.get(hash);

describe('authenticate', () => {
  test('knows the bearer of a token', () => {
    expect(authenticate(lookup, `Bearer ${token}`)).toEqual({ name: 'admin' });
    expect(authenticate(lookup, `bearer ${token}`)).toEqual({ name: 'admin' });
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
