import { expect, test } from 'vitest';
import { parsePoint } from './point.ts';
import { RollbackRequest } from './rollback.ts';

test.each([
  ['present', { kind: 'present' }],
  ['v7', { kind: 'version', version: 7 }],
  ['4711', { kind: 'revision', revision: 4711 }],
  ['2026-03-01T12:00:00Z', { kind: 'time', atMs: Date.UTC(2026, 2, 1, 12) }],
  ['2026-03-01T12:00:00.5+01:00', { kind: 'time', atMs: Date.UTC(2026, 2, 1, 11, 0, 0, 500) }],
  ['v0', undefined],
  ['-1', undefined],
  ['2026-03-01', undefined],
  ['2026-03-01T12:00:00', undefined],
  ['2026-02-30T12:00:00Z', undefined],
  ['1960-01-01T00:00:00Z', undefined],
  ['12345678901234567890', undefined],
  ['', undefined],
])('%j', (text, point) => {
  expect(parsePoint(text)).toEqual(point);
});

const place = { environment: 'TEST', service_name: 's' };
test.each([
  [{ ...place }, 'version'],
  [{ ...place, config_key: 'a', version: 1, revision: 2 }, 'version'],
  [{ ...place, version: 1 }, 'config_key'],
  [{ ...place, config_key: 'a', config_keys: ['b'], revision: 1 }, 'config_keys'],
  [{ ...place, config_keys: [], revision: 1 }, 'config_keys'],
  [{ ...place, time: 'yesterday' }, 'time'],
])('%j is no rollback: %s', (body, field) => {
  expect(RollbackRequest.safeParse(body).error?.issues.map(({ path }) => path[0])).toEqual([field]);
});
