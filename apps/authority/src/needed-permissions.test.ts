import { describe, expect, test } from 'vitest';
import { neededPermissions } from './needed-permissions.ts';

test.each([
  ['PUT', '/api/v1/config/risk/limit', ['write']],
  ['DELETE', '/api/v1/config/risk/limit', ['write']],
  ['POST', '/api/v1/config/batch', ['write']],
  ['POST', '/api/v1/config/rollback', ['rollback', 'write']],
  ['POST', '/api/v1/config/rollbacks', ['write']],
  ['PUT', '/api/v1/feature-flags/new_model', ['flag', 'write']],
  ['PUT', '/api/v1/segments/beta', ['flag', 'write']],
  ['PUT', '/api/v1/protection/PRODUCTION', ['admin']],
  ['POST', '/api/v1/access/tokens', ['admin']],
  ['GET', '/api/v1/access/tokens', ['admin']],
  ['GET', '/api/v1/access/whoami', undefined],
  ['POST', '/api/v1/access/check', undefined],
  ['GET', '/api/v1/access/denials', ['audit']],
  ['PUT', '/api/v1/access/roles/check', ['admin']],
  ['GET', '/api/v1/audit', ['audit']],
  ['POST', '/api/v1/proposals', ['write']],
  ['POST', '/api/v1/proposals/1/approve', ['approve']],
  ['POST', '/api/v1/proposals/1/reject', ['approve']],
  ['GET', '/api/v1/proposals', undefined],
  ['GET', '/api/v1/config/risk', undefined],
] as const)('%s %s takes %o', (method, path, needed) => {
  expect(neededPermissions(method, path)).toEqual(needed);
});

describe('what nobody has thought of yet', () => {
  test.each(['PUT', 'POST', 'DELETE', 'PATCH'])('takes write with %s', method => {
    expect(neededPermissions(method, '/api/v1/something/new')).toEqual(['write']);
  });
});
