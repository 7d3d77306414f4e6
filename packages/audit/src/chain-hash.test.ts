import { expect, test } from 'vitest';
import { linkHash, NO_HASH, type TrailRow } from './chain-hash.ts';

const row: TrailRow = {
  id: '0b1f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11',
  kind: 'configuration',
  environment: 'PRODUCTION',
  service_name: 'risk',
  config_key: 'limit',
  version: 3,
  deleted: false,
  old_value: '{"b": 1.0, "a": "x"}',
  new_value: '0.1',
  config_type: 'APPLICATION_CONFIG',
  description: '',
  updated_by: 'admin',
  reason: 'why',
  rollback_available: true,
  intent_id: '01930000-0000-7000-8000-000000000001',
  generation: '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11',
  revision: '4711',
  created_at_us: '1794000000123456',
};
const hash = linkHash(NO_HASH, 1, row);

test('the form does not change: chains that were sealed must verify for ever', () => {
  expect(hash).toBe('deb2f63cdba3e3c1a4ccdcb27fa277bbc7cb23ce6842b22152246ab84fc24a85');
});

test('every field counts', () => {
  const altered: { [name in keyof TrailRow]: TrailRow[name] } = {
    ...row,
    id: NO_HASH,
    kind: 'flag',
    environment: 'TEST',
    service_name: 'ris',
    config_key: 'klimit',
    version: 4,
    deleted: true,
    old_value: null,
    new_value: '0.1000000000000000001',
    config_type: null,
    description: ' ',
    updated_by: 'other',
    reason: null,
    rollback_available: false,
    intent_id: NO_HASH,
    generation: NO_HASH,
    revision: '4712',
    created_at_us: '1794000000123457',
  };
  for (const name of Object.keys(row) as (keyof TrailRow)[]) {
    expect(linkHash(NO_HASH, 1, { ...row, [name]: altered[name] }), name).not.toBe(hash);
  }
  expect(linkHash(NO_HASH, 2, row)).not.toBe(hash);
  expect(linkHash(hash, 1, row)).not.toBe(hash);
});

test('how jsonb is written does not', () => {
  expect(linkHash(NO_HASH, 1, { ...row, old_value: '{"a":"x","b":1}', new_value: '0.10' })).toBe(hash);
});
