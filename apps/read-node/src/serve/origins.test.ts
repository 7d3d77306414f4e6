import { expect, test } from 'vitest';
import { createOrigins } from './origins.ts';

const PAGE = 'https://app.example.com';
const OTHER = 'https://evil.example.com';
const allowed = (headers: Readonly<Record<string, string>>) => headers['access-control-allow-origin'];

test('where none is allowed, no page is told anything', () => {
  const origins = createOrigins([]);
  expect(origins.headers(PAGE)).toEqual({});
  expect(allowed(origins.preflight(PAGE))).toBeUndefined();
});

test('where all are, each is', () => {
  const origins = createOrigins(['*']);
  expect(allowed(origins.headers(PAGE))).toBe('*');
  expect(allowed(origins.preflight(PAGE))).toBe('*');
  expect(origins.headers(null)).toEqual({});
  expect(origins.headers(PAGE)['access-control-allow-credentials']).toBeUndefined();
});

test('where some are, those alone; and caches are told that answers differ', () => {
  const origins = createOrigins([PAGE]);
  expect(origins.headers(PAGE)).toMatchObject({ 'access-control-allow-origin': PAGE, vary: 'Origin' });
  for (const origin of [OTHER, `${PAGE}.evil.example`, 'null', null])
    expect(origins.headers(origin)).toEqual({ vary: 'Origin' });
});
