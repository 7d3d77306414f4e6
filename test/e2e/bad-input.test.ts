/** Bad input: each with its status, its problem type and the field; and nothing changed by it. */
import { AUDIT_ANCHORS_PREFIX, REGIONS_PREFIX } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LEADER_KEY } from '../../apps/authority/src/lead/leadership.ts';
import { openTrail, type Trail } from '../faults/trail.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
let authority: Api;
let trail: Trail;

beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], nodeRoles: ['feed,serve'], reads: 'token' });
  authority = network.api(network.authority);
  trail = openTrail(network.postgres.url);
  expect((await authority.put('risk', 'limit', 10)).status).toBe(200);
  const variable = { config_type: 'ENVIRONMENT_VARIABLE' };
  expect((await authority.put('risk', 'PORT', '8080', { body: variable })).status).toBe(200);
  expect((await authority.put('risk', 'final', 1, { body: { rollback_available: false } })).status).toBe(200);
});
afterAll(async () => {
  await trail.close();
  await network.stop();
});

/** Everything that a write could have touched. */
async function everything() {
  const etcd = createEtcd({ hosts: [network.etcd.url] });
  const lists = await Promise.all(
    ['/quantivista/', '/quantivista-authority/'].map(prefix => etcd.list({ prefix })),
  );
  etcd.close();
  const entries = lists.flatMap(list => (list.kind === 'listed' ? list.entries : []));
  const comesByItself = (key: string) =>
    key.endsWith('/_heartbeat') ||
    [REGIONS_PREFIX, AUDIT_ANCHORS_PREFIX, LEADER_KEY].some(each => key.startsWith(each));
  const lasting = entries.filter(({ key }) => !comesByItself(key));
  return { rows: await trail.rowCount(), entries: lasting };
}

interface Case {
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly type: string;
  /** Named in `errors`. */
  readonly field?: string;
}

const KEY = '/api/v1/config/risk/limit?environment=PRODUCTION';
const value = { new_value: 11 };
const change = {
  op: 'set',
  environment: 'PRODUCTION',
  service_name: 'risk',
  config_key: 'limit',
  new_value: 11,
};
const batch = (changes: unknown) => ({ method: 'POST', path: '/api/v1/config/batch', body: { changes } });
const rollback = { service_name: 'risk', config_key: 'limit', environment: 'PRODUCTION', version: 1 };
const rollbackTo = (body: object) => ({
  method: 'POST',
  path: '/api/v1/config/rollback',
  body: { ...rollback, ...body },
});
const json = { 'content-type': 'application/json' };
const long = (length: number) => 'a'.repeat(length);

const WRITES: Record<string, Case> = {
  'an unknown environment': {
    path: '/api/v1/config/risk/limit?environment=MOON',
    body: value,
    status: 400,
    type: 'unknown_environment',
    field: 'query.environment',
  },
  'no environment': {
    path: '/api/v1/config/risk/limit',
    body: value,
    status: 400,
    type: 'unknown_environment',
    field: 'query.environment',
  },
  'a service name that is too long': {
    path: `/api/v1/config/${long(101)}/limit?environment=TEST`,
    body: value,
    status: 400,
    type: 'invalid_request',
    field: 'path.service_name',
  },
  'a service name in upper case': {
    path: '/api/v1/config/Risk/limit?environment=TEST',
    body: value,
    status: 400,
    type: 'invalid_request',
    field: 'path.service_name',
  },
  'a service name with a leading underscore': {
    path: '/api/v1/config/_risk/limit?environment=TEST',
    body: value,
    status: 400,
    type: 'invalid_request',
    field: 'path.service_name',
  },
  'a reserved service name': {
    path: '/api/v1/config/batch/limit?environment=TEST',
    body: value,
    status: 400,
    type: 'invalid_request',
    field: 'path.service_name',
  },
  'a key that is too long': {
    path: `/api/v1/config/risk/${long(201)}?environment=TEST`,
    body: value,
    status: 400,
    type: 'invalid_request',
    field: 'path.config_key',
  },
  'a key with a slash': {
    path: '/api/v1/config/risk/a%2Fb?environment=TEST',
    body: value,
    status: 400,
    type: 'invalid_request',
    field: 'path.config_key',
  },
  'a key with a dot first': {
    path: '/api/v1/config/risk/.hidden?environment=TEST',
    body: value,
    status: 400,
    type: 'invalid_request',
    field: 'path.config_key',
  },
  'a key that is __proto__': {
    path: '/api/v1/config/risk/__proto__?environment=TEST',
    body: value,
    status: 400,
    type: 'invalid_request',
    field: 'path.config_key',
  },
  'a body that is not JSON': { body: '{"new_value":', status: 400, type: 'invalid_json', headers: json },
  'an empty body': { body: '', status: 400, type: 'invalid_json', headers: json },
  'a body of another type': {
    body: 'new_value=1',
    status: 415,
    type: 'unsupported_media_type',
    headers: { 'content-type': 'text/plain' },
  },
  'a body that is a list': { body: [1], status: 400, type: 'invalid_request', field: 'body' },
  'a body without new_value': {
    body: { reason: 'x' },
    status: 400,
    type: 'invalid_request',
    field: 'body.new_value',
  },
  'an unknown field': {
    body: { ...value, new_vlaue: 1 },
    status: 400,
    type: 'invalid_request',
    field: 'body',
  },
  'a reason that is no string': {
    body: { ...value, reason: 7 },
    status: 400,
    type: 'invalid_request',
    field: 'body.reason',
  },
  'a reason that is too long': {
    body: { ...value, reason: long(2_001) },
    status: 400,
    type: 'invalid_request',
    field: 'body.reason',
  },
  'an unknown type': {
    body: { ...value, config_type: 'TEXT' },
    status: 400,
    type: 'invalid_request',
    field: 'body.config_type',
  },
  'a key other than the path’s': {
    body: { ...value, config_key: 'other' },
    status: 400,
    type: 'invalid_request',
    field: 'body.config_key',
  },
  'a value over 1 MB': {
    body: { new_value: long(1_000_001) },
    status: 413,
    type: 'too_large',
    field: 'body.new_value',
  },
  'a body over every limit': { body: { new_value: long(3_000_000) }, status: 413, type: 'too_large' },
  'a NUL in a value': {
    body: { new_value: { deep: ['a\u0000b'] } },
    status: 400,
    type: 'invalid_request',
    field: 'body.new_value',
  },
  'an integer that would be rounded': {
    body: '{"new_value":[12345678901234567890]}',
    headers: json,
    status: 400,
    type: 'invalid_request',
    field: 'body',
  },
  'half of a surrogate pair': {
    body: '{"new_value":"\\ud800"}',
    headers: json,
    status: 400,
    type: 'invalid_request',
    field: 'body.new_value',
  },
  'a number out of range': {
    body: '{"new_value":[1e400]}',
    headers: json,
    status: 400,
    type: 'invalid_request',
    field: 'body.new_value',
  },
  'a value nested far too deep': {
    body: `{"new_value":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    headers: json,
    status: 400,
    type: 'invalid_request',
    field: 'body.new_value',
  },
  'a NUL in the reason': {
    body: { ...value, reason: 'a\u0000b' },
    status: 400,
    type: 'invalid_request',
    field: 'body.reason',
  },
  'half of a surrogate pair in the description': {
    body: '{"new_value":1,"description":"\\ud800"}',
    headers: json,
    status: 400,
    type: 'invalid_request',
    field: 'body.description',
  },
  'a NUL in the reason of a delete': {
    method: 'DELETE',
    path: `${KEY}&reason=a%00b`,
    status: 400,
    type: 'invalid_request',
    field: 'query.reason',
  },
  'a NUL in the reason of a rollback': {
    ...rollbackTo({ reason: 'a\u0000b' }),
    status: 400,
    type: 'invalid_request',
    field: 'body.reason',
  },
  'a SECRET in the open': {
    body: { ...value, config_type: 'SECRET', is_encrypted: false, change_type: true },
    status: 400,
    type: 'invalid_request',
    field: 'body.is_encrypted',
  },
  'a value that looks as if it were sealed': {
    body: { new_value: [{ $sealed: {} }] },
    status: 400,
    type: 'invalid_request',
    field: 'body.new_value',
  },
  'another author': {
    body: { ...value, updated_by: 'somebody' },
    status: 403,
    type: 'forbidden',
    field: 'body.updated_by',
  },
  'another type than the present one': {
    body: { ...value, config_type: 'BUSINESS_RULE' },
    status: 409,
    type: 'type_conflict',
  },
  'an environment variable that is no string': {
    path: '/api/v1/config/risk/PORT?environment=PRODUCTION',
    body: { new_value: 8081 },
    status: 400,
    type: 'invalid_request',
    field: 'body.new_value',
  },
  'an old_value that does not match': { body: { ...value, old_value: 9 }, status: 409, type: 'conflict' },
  'an old_value for a key that does not exist': {
    path: '/api/v1/config/risk/new?environment=TEST',
    body: { ...value, old_value: 9 },
    status: 409,
    type: 'conflict',
  },
  'an If-Match that does not match': {
    body: value,
    headers: { 'if-match': '"00000000.1"' },
    status: 409,
    type: 'conflict',
  },
  'an If-None-Match where the key exists': {
    body: value,
    headers: { 'if-none-match': '*' },
    status: 409,
    type: 'conflict',
  },
  'no token': { body: value, headers: { authorization: '' }, status: 401, type: 'unauthenticated' },
  'a token that is not known': {
    body: value,
    headers: { authorization: `Bearer qvt_${long(43)}` },
    status: 401,
    type: 'unauthenticated',
  },
  'a token of another form': {
    body: value,
    headers: { authorization: 'Bearer secret' },
    status: 401,
    type: 'unauthenticated',
  },
  'a delete of what is not there': {
    method: 'DELETE',
    path: '/api/v1/config/risk/none?environment=TEST',
    status: 404,
    type: 'configuration_not_found',
  },
  'a delete without a token': {
    method: 'DELETE',
    headers: { authorization: '' },
    status: 401,
    type: 'unauthenticated',
  },
  'a delete of another state': {
    method: 'DELETE',
    headers: { 'if-match': '"00000000.1"' },
    status: 409,
    type: 'conflict',
  },
  'a rollback to an unknown version': {
    ...rollbackTo({ version: 99 }),
    status: 404,
    type: 'version_not_found',
  },
  'a rollback to no version': {
    ...rollbackTo({ version: 0 }),
    status: 400,
    type: 'invalid_request',
    field: 'body.version',
  },
  'a rollback of a key that never was': {
    ...rollbackTo({ config_key: 'never' }),
    status: 404,
    type: 'version_not_found',
  },
  'a rollback of a change marked as final': {
    ...rollbackTo({ config_key: 'final' }),
    status: 409,
    type: 'rollback_unavailable',
  },
  'a rollback in an unknown environment': {
    ...rollbackTo({ environment: 'MOON' }),
    status: 400,
    type: 'unknown_environment',
    field: 'body.environment',
  },
  'an empty batch': { ...batch([]), status: 400, type: 'invalid_request', field: 'body.changes' },
  'a batch of 121': {
    ...batch(Array.from({ length: 121 }, (_, index) => ({ ...change, config_key: `k${index}` }))),
    status: 400,
    type: 'invalid_request',
    field: 'body.changes',
  },
  'a batch over too many services': {
    ...batch(Array.from({ length: 100 }, (_, index) => ({ ...change, service_name: `s${index}` }))),
    status: 400,
    type: 'invalid_request',
    field: 'body.changes',
  },
  'a batch whose values grow over what a transaction takes': {
    ...batch([]),
    // Each number is four characters here, and twenty-one once it is written out.
    body: `{"changes":[${['k1', 'k2'].map(key => JSON.stringify({ ...change, config_key: key }).replace('11', `[${Array(40_000).fill('1e20')}]`))}]}`,
    headers: json,
    status: 413,
    type: 'too_large',
  },
  'a batch that names a key twice': {
    ...batch([change, { ...change, new_value: 12 }]),
    status: 400,
    type: 'invalid_request',
    field: 'body.changes.1.config_key',
  },
  'a batch with an unknown operation': {
    ...batch([{ ...change, op: 'move' }]),
    status: 400,
    type: 'invalid_request',
    field: 'body.changes.0.op',
  },
  'a batch of which one condition fails': {
    ...batch([
      { ...change, config_key: 'fresh' },
      { ...change, old_value: 9 },
    ]),
    status: 409,
    type: 'conflict',
  },
  'a batch of which one key is not there to delete': {
    ...batch([change, { op: 'delete', environment: 'TEST', service_name: 'risk', config_key: 'none' }]),
    status: 404,
    type: 'configuration_not_found',
  },
  'a method that there is not': { method: 'PATCH', body: value, status: 404, type: 'not_found' },
};

describe('writes', () => {
  test.each(Object.entries(WRITES))(
    '%s',
    async (_, { method = 'PUT', path = KEY, body, headers, status, type, field }) => {
      const before = await everything();
      const answer = await authority.request(method, path, { body, headers });
      expect(answer.problem).toMatchObject({ type: `urn:quantivista:problem:${type}`, status });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      if (field) expect((answer.problem.errors ?? []).map(error => error.field)).toContain(field);
      expect(await everything()).toEqual(before);
    },
  );

  test.each([
    [
      'is not UTF-8',
      [Buffer.from('{"new_value":"'), Buffer.from([0xff]), Buffer.from('"}')],
      400,
      'invalid_json',
    ],
    ['has no announced end', Array<Buffer>(15).fill(Buffer.alloc(100_000, 32)), 413, 'too_large'],
  ])('a body that %s', async (_, parts, status, type) => {
    const before = await everything();
    const answer = await fetch(authority.url + KEY, {
      method: 'PUT',
      headers: { ...json, authorization: `Bearer ${network.token}` },
      body: new Blob(parts).stream(),
      duplex: 'half',
    });
    expect(await answer.json()).toMatchObject({ type: `urn:quantivista:problem:${type}`, status });
    expect(await everything()).toEqual(before);
  });

  test('a conflict carries the present state', async () => {
    const answer = await authority.put('risk', 'limit', 11, { body: { old_value: 9 } });
    expect(answer.problem).toMatchObject({ current: { config_value: 10, version: 1 } });
  });
});

const GENERATION = '00000000-0000-4000-8000-000000000000';
const READS: Record<string, Case> = {
  'an unknown environment': {
    path: '/api/v1/config/risk?environment=MOON',
    status: 400,
    type: 'unknown_environment',
    field: 'query.environment',
  },
  'no environment': {
    path: '/api/v1/config/risk',
    status: 400,
    type: 'unknown_environment',
    field: 'query.environment',
  },
  'an ill-formed service': {
    path: '/api/v1/config/RISK?environment=TEST',
    status: 400,
    type: 'invalid_request',
    field: 'path.service_name',
  },
  'an ill-formed key': {
    path: '/api/v1/config/risk/a%2Fb?environment=TEST',
    status: 400,
    type: 'invalid_request',
    field: 'path.config_key',
  },
  'a key that is not there': {
    path: '/api/v1/config/risk/none?environment=TEST',
    status: 404,
    type: 'configuration_not_found',
  },
  'a path that is not there': { path: '/api/v1/nothing', status: 404, type: 'not_found' },
  'a min_revision that is no number': {
    path: `${KEY}&min_revision=soon`,
    status: 400,
    type: 'invalid_request',
    field: 'query.min_revision',
  },
  'a min_revision far ahead': {
    path: `${KEY}&min_revision=99999999`,
    status: 409,
    type: 'revision_not_reached',
  },
  'no token': { path: KEY, headers: { authorization: '' }, status: 401, type: 'unauthenticated' },
  'a bad token': { path: KEY, headers: { authorization: 'Bearer x' }, status: 401, type: 'unauthenticated' },
};
const STREAMS: Record<string, Case> = {
  'a since that is no bookmark': {
    path: '/api/v1/config/watch/risk?environment=TEST&since=yesterday',
    status: 400,
    type: 'invalid_since',
    field: 'query.since',
  },
  'a since with a revision alone': {
    path: '/api/v1/config/watch/risk?environment=TEST&since=17',
    status: 400,
    type: 'invalid_since',
    field: 'query.since',
  },
  'a stream of an unknown environment': {
    path: '/api/v1/config/watch/risk?environment=MOON',
    status: 400,
    type: 'unknown_environment',
    field: 'query.environment',
  },
  'a stream of an ill-formed service': {
    path: '/api/v1/config/watch/RISK?environment=TEST',
    status: 400,
    type: 'invalid_request',
    field: 'path.service_name',
  },
  'a stream without a token': {
    path: '/api/v1/config/watch/risk?environment=TEST',
    headers: { authorization: '' },
    status: 401,
    type: 'unauthenticated',
  },
  'a stream that is not asked to be one': {
    path: `/api/v1/config/watch/risk?environment=TEST&since=${GENERATION}:5`,
    status: 426,
    type: 'upgrade_required',
  },
  'a max_age that can not be': { path: `${KEY}&max_age=0`, status: 503, type: 'too_old' },
  'a max_age below zero': {
    path: `${KEY}&max_age=-1`,
    status: 400,
    type: 'invalid_request',
    field: 'query.max_age',
  },
  'a version, which is for the authority': {
    path: `${KEY}&version=1`,
    status: 400,
    type: 'invalid_request',
    field: 'query.version',
  },
  'a time of the past, which is for the authority': {
    path: `${KEY}&at=2026-03-01T12:00:00Z`,
    status: 400,
    type: 'invalid_request',
    field: 'query.at',
  },
};

async function expectProblem(api: Api, { path = KEY, headers, status, type, field }: Case) {
  const answer = await api.request('GET', path, { headers });
  expect(answer.problem).toMatchObject({ type: `urn:quantivista:problem:${type}`, status });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  if (field) expect((answer.problem.errors ?? []).map(error => error.field)).toContain(field);
}

describe('reads', () => {
  test.each(Object.entries(READS))('%s, at the authority', (_, each) => expectProblem(authority, each));
  test.each(Object.entries({ ...READS, ...STREAMS }))('%s, at a node', (_, each) =>
    expectProblem(network.api(network.serving[0]!), each),
  );
});
