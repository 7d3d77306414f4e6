/** Who may do what, with tokens made for it; and bad input to all that decides over it. */
import type { CreatedToken, Permission, Proposal, TokenList } from '@quantivista/contracts';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { type Api, createApi } from '../harness/api.ts';
import { type Authorities, startAuthorities } from '../harness/authorities.ts';

let network: Authorities;
beforeAll(async () => {
  network = await startAuthorities();
});
afterAll(() => network.stop());

const PROPOSALS = '/api/v1/proposals';
const NOBODY = `${PROPOSALS}/0190c8a0-0000-7000-8000-000000000000`;
const PROTECTION = '/api/v1/protection/PRODUCTION';
const change = { op: 'set', environment: 'TEST', service_name: 'risk', config_key: 'a', new_value: 1 };
const past = '2020-01-01T00:00:00Z';

test.each<[string, string, object | undefined, Record<string, string>, number, string]>([
  ['POST', PROPOSALS, { changes: [] }, {}, 400, 'body.changes'],
  ['POST', PROPOSALS, { changes: [change], apply_at: 'noon' }, {}, 400, 'body.apply_at'],
  ['POST', PROPOSALS, { changes: [change], apply_at: past }, {}, 400, 'body.apply_at'],
  ['POST', PROPOSALS, { changes: [change], updated_by: 'x' }, {}, 403, 'body.updated_by'],
  ['POST', PROPOSALS, { changes: [change, change] }, {}, 400, 'body.changes.1.config_key'],
  ['GET', `${PROPOSALS}?state=lost`, undefined, {}, 400, 'query.state'],
  ['GET', `${PROPOSALS}/x`, undefined, {}, 400, 'path.id'],
  ['GET', NOBODY, undefined, {}, 404, ''],
  ['POST', `${NOBODY}/apply`, {}, {}, 404, ''],
  ['POST', `${NOBODY}/comment`, { comment: '' }, {}, 400, 'body.comment'],
  ['PUT', '/api/v1/protection/moon', { required_approvals: 1 }, {}, 400, 'path.environment'],
  ['PUT', PROTECTION, { required_approvals: 0 }, {}, 400, 'body.required_approvals'],
  ['PUT', PROTECTION, { required_approvals: 2, approvers: ['bob'] }, {}, 400, 'body.approvers'],
  ['PUT', PROTECTION, { required_approvals: 1, approvers: ['b', 'b'] }, {}, 400, 'body.approvers'],
  ['POST', '/api/v1/access/tokens', { name: 'a\n', permissions: ['read'] }, {}, 400, 'body.name'],
  ['POST', '/api/v1/access/tokens', { name: 'a', permissions: ['all'] }, {}, 400, 'body.permissions.0'],
  ['DELETE', '/api/v1/access/tokens/0000000000000000', undefined, {}, 404, ''],
  [
    'PUT',
    '/api/v1/config/risk/a?environment=TEST',
    { new_value: 1 },
    { 'x-config-apply-at': past },
    400,
    'header.x-config-apply-at',
  ],
  [
    'PUT',
    '/api/v1/config/risk/a?environment=TEST',
    { new_value: 1 },
    { 'x-config-break-glass': 'yes' },
    400,
    'header.x-config-break-glass',
  ],
])('%s %s with %o %o: %i %s', async (method, path, body, headers, status, field) => {
  const answer = await network.admin.request(method, path, { body, headers });
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  expect(answer.problem.errors?.[0]?.field ?? '').toBe(field);
});

test('a token may do what it was made for, until it is revoked; nobody finds it in the trail', async () => {
  const reader = await network.person('reader', ['read']);
  const denied = await reader.api.request('PUT', '/api/v1/config/risk/a?environment=TEST', {
    body: '{',
  });
  expect([denied.status, denied.problem.detail]).toEqual([403, 'it takes the permission write']);
  expect((await reader.api.request('GET', '/api/v1/access/tokens')).status).toBe(403);
  const undo = await network.person('undo', ['rollback']);
  await network.admin.put('risk', 'a', 1);
  await network.admin.put('risk', 'a', 2);
  const path = { service_name: 'risk', config_key: 'a', environment: 'PRODUCTION', version: 1 } as const;
  expect((await undo.api.rollback(path)).status).toBe(200);
  expect((await undo.api.put('risk', 'a', 1)).status).toBe(403);

  const tokens = '/api/v1/access/tokens';
  const past = { name: 'x', permissions: ['read'], expires_at: '2020-01-01T00:00:00Z' };
  expect((await network.admin.request('POST', tokens, { body: past })).problem.errors?.[0]?.field).toBe(
    'body.expires_at',
  );
  const { body } = await network.admin.request<{ tokens: object[] }>('GET', tokens);
  expect(body.tokens).toContainEqual(expect.objectContaining({ id: undo.token.id, created_by: 'admin' }));
  expect(JSON.stringify(body)).not.toMatch(/qvt_|[0-9a-f]{64}/);
  expect((await network.admin.request('DELETE', `${tokens}/${undo.token.id}`)).status).toBe(204);
  await until(async () => (await undo.api.rollback(path)).status === 401, {
    what: 'the token to be unknown',
  });

  const pool = new pg.Pool({ connectionString: network.postgres.url, max: 1 });
  const { rows } = await pool.query(
    'SELECT a.*, i.operations FROM configuration_audit a JOIN change_intent i ON i.id = a.intent_id',
  );
  await pool.end();
  const made = rows.filter(({ kind }) => kind === 'token');
  expect(made).toContainEqual(expect.objectContaining({ updated_by: 'admin', deleted: true }));
  expect(JSON.stringify(rows)).not.toContain('qvt_');
});

/** A token that may do this within a scope. */
async function scoped(name: string, permissions: readonly Permission[], scopes: object) {
  const body = { name, permissions, scopes };
  const made = await network.admin.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return createApi({ url: network.first.url, token: made.body.token });
}

test('a proposal is read, approved and applied by those who may do so where it changes something', async () => {
  const changes = [
    { op: 'set', environment: 'STAGING', service_name: 'risk', config_key: 'p', new_value: 1 },
  ];
  const made = await network.admin.request<Proposal>('POST', PROPOSALS, { body: { changes } });
  const path = `${PROPOSALS}/${made.body.id}`;
  const all = ['read', 'approve', 'write', 'break-glass'] as const;
  const stranger = await scoped('stranger', all, { environments: ['TEST'] });
  const neighbour = await scoped('neighbour', all, { environments: ['STAGING'], services: ['orders'] });
  const colleague = await scoped('colleague', all, { environments: ['STAGING'], keys: ['p*'] });
  const body = { digest: made.body.digest };
  const seen = async (api: Api) => {
    const { body } = await api.request<{ proposals: Proposal[] }>('GET', PROPOSALS);
    return body.proposals.some(({ id }) => id === made.body.id);
  };
  for (const api of [stranger, neighbour]) {
    const statuses = [
      await api.request('GET', path),
      await api.request('POST', `${path}/approve`, { body }),
      await api.request('POST', `${path}/comment`, { body: { comment: 'hm' } }),
      await api.request('POST', `${path}/apply`, { body: {} }),
    ].map(({ status }) => status);
    expect([...statuses, await seen(api)]).toEqual([403, 403, 403, 403, false]);
  }
  expect([(await colleague.request('GET', path)).status, await seen(colleague)]).toEqual([200, true]);
  expect((await colleague.request('POST', `${path}/approve`, { body })).status).toBe(200);
  expect((await colleague.request('POST', `${path}/apply`, { body: {} })).status).toBe(200);
});

test('glass is broken where that is granted', async () => {
  const protect = { body: { required_approvals: 1 } };
  expect((await network.admin.request('PUT', '/api/v1/protection/DEVELOPMENT', protect)).status).toBe(200);
  const headers = { 'x-config-break-glass': 'true' };
  const hasty = (api: Api, environment: 'DEVELOPMENT' | 'TEST') =>
    api.put('risk', 'glass', 1, { environment, headers, body: { reason: 'now' } });
  const scopes = { environments: ['DEVELOPMENT'], services: ['orders'] };
  const narrow = await scoped('narrow', ['break-glass'], scopes);
  const { roles, subjects } = { roles: ['developer'], subjects: [{ kind: 'person', name: 'narrow' }] };
  const bound = await network.admin.request('PUT', '/api/v1/access/bindings/narrow', {
    body: { roles, subjects },
  });
  expect(bound.status).toBe(200);
  const denied = await hasty(narrow, 'DEVELOPMENT');
  expect([denied.status, denied.problem.detail]).toEqual([
    403,
    'it takes the permission break-glass on DEVELOPMENT/risk/glass',
  ]);
  const wide = await scoped('wide', ['write', 'break-glass'], { environments: ['DEVELOPMENT'] });
  expect((await hasty(wide, 'DEVELOPMENT')).status).toBe(200);
  expect((await hasty(wide, 'TEST')).status).toBe(403);
});

test('flags are changed by those who may change all that they are for, before and after', async () => {
  const api = await scoped('desk', ['read', 'flag'], { services: ['risk', 'risk-engine'] });
  const flag = (target_services: string[]) => ({ target_services, enabled: true });
  const put = async (by: Api, name: string, target_services: string[]) =>
    (await by.request('PUT', `/api/v1/feature-flags/${name}`, { body: flag(target_services) })).status;
  expect(await put(api, 'mine', ['risk', 'risk-engine'])).toBe(200);
  expect(await put(api, 'mine', ['risk', 'orders'])).toBe(403);
  expect(await put(api, 'new', ['orders'])).toBe(403);
  expect(await put(api, 'new', [])).toBe(403);
  expect(await put(network.admin, 'theirs', ['orders'])).toBe(200);
  expect(await put(api, 'theirs', ['risk'])).toBe(403);
  const statusOf = async (method: string, path: string) => (await api.request(method, path)).status;
  expect(await statusOf('DELETE', '/api/v1/feature-flags/theirs')).toBe(403);
  expect(await statusOf('GET', '/api/v1/flags/theirs')).toBe(403);
  expect(await statusOf('GET', '/api/v1/flags/mine')).toBe(200);
  expect(await statusOf('GET', '/api/v1/feature-flags/risk')).toBe(200);
  expect(await statusOf('GET', '/api/v1/feature-flags/orders')).toBe(403);
});

test('tokens say roughly when they were used', async () => {
  const { api, token } = await network.person('user', ['read']);
  expect((await api.request('GET', '/api/v1/access/whoami')).status).toBe(200);
  await until(
    async () => {
      const { body } = await network.admin.request<TokenList>('GET', '/api/v1/access/tokens');
      return body.tokens.find(({ id }) => id === token.id)?.last_used_at;
    },
    { what: 'the use to be noted' },
  );
});
