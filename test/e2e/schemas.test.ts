/** Schemas on a real authority: what breaks one is refused, whichever way it comes and whoever was first. */
import type {
  Json,
  SchemaList,
  SchemaResult,
  SchemaVersionList,
  SchemaViolation,
  ValidateResult,
  ValueSchema,
} from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
let api: Api;
beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], nodeRoles: ['feed,serve'] });
  api = network.api(network.authority);
});
afterAll(() => network.stop());

const path = (service: string, pattern: string) =>
  `/api/v1/schemas/${service}/${encodeURIComponent(pattern)}`;
const putSchema = (service: string, pattern: string, schema: Json, query = '', headers = {}) =>
  api.request<SchemaResult>('PUT', `${path(service, pattern)}${query}`, { body: { schema }, headers });
const violationsOf = (answer: { problem: object }) =>
  (answer.problem as { violations?: SchemaViolation[] }).violations;

describe('a value that breaks its schema is refused', () => {
  const limit = { type: 'object', properties: { max: { maximum: 100 } }, required: ['max'] };
  beforeAll(async () => {
    expect((await api.put('risk', 'limit_a', { max: 500 })).status).toBe(200);
    expect((await api.put('risk', 'limit_a', { max: 50 })).status).toBe(200);
    expect((await putSchema('risk', 'limit_*', limit)).status).toBe(200);
  });
  const expected = {
    environment: 'PRODUCTION',
    service_name: 'risk',
    config_key: 'limit_a',
    pattern: 'limit_*',
    path: '/max',
    rule: 'maximum',
    message: 'must be <= 100',
  };

  test('when it is put', async () => {
    const answer = await api.put('risk', 'limit_a', { max: 101 });
    expect([answer.status, answer.problem.type]).toEqual([422, 'urn:quantivista:problem:schema_violation']);
    expect(violationsOf(answer)).toEqual([expected]);
    expect(answer.problem.errors).toEqual([{ field: 'body.new_value', message: 'must be <= 100' }]);
    expect((await api.get('risk', 'limit_a')).body.config_value).toEqual({ max: 50 });
  });

  test('in a batch, with all of those that do', async () => {
    const set = (config_key: string, new_value: Json) =>
      ({ op: 'set', environment: 'PRODUCTION', service_name: 'risk', config_key, new_value }) as const;
    const answer = await api.batch([set('other', 1), set('limit_a', { max: 101 }), set('limit_b', {})]);
    expect(answer.status).toBe(422);
    expect(violationsOf(answer)?.map(each => [each.config_key, each.rule])).toEqual([
      ['limit_a', 'maximum'],
      ['limit_b', 'required'],
    ]);
    expect(answer.problem.errors?.map(({ field }) => field)).toEqual([
      'body.changes.1.new_value',
      'body.changes.2.new_value',
    ]);
    expect((await api.get('risk', 'other')).status).toBe(404);
  });

  test('when it comes back by a rollback', async () => {
    const rollback = {
      service_name: 'risk',
      config_key: 'limit_a',
      environment: 'PRODUCTION',
      version: 1,
    } as const;
    expect((await api.rollback(rollback)).status).toBe(422);
  });

  test('in every environment, of this service alone', async () => {
    expect((await api.put('risk', 'limit_a', {}, { environment: 'TEST' })).status).toBe(422);
    expect((await api.put('orders', 'limit_a', {})).status).toBe(200);
    expect((await api.put('risk', 'limi', {})).status).toBe(200);
  });

  test('by all schemas that hold for its key', async () => {
    expect((await putSchema('several', '*', { type: 'integer' })).status).toBe(200);
    expect((await putSchema('several', 'a*', { minimum: 5 })).status).toBe(200);
    expect((await putSchema('several', 'ab', { maximum: 9 })).status).toBe(200);
    const verdicts = await Promise.all(
      [4, 7, 10, 'x'].map(async value => (await api.put('several', 'ab', value)).status),
    );
    expect(verdicts).toEqual([422, 200, 422, 422]);
  });

  test('it can be deleted, and be set again when the schema is gone', async () => {
    expect((await putSchema('gone', 'a', { type: 'integer' })).status).toBe(200);
    expect((await api.put('gone', 'a', 1)).status).toBe(200);
    expect((await api.put('gone', 'a', 'x')).status).toBe(422);
    expect((await api.request('DELETE', `${path('gone', 'a')}?reason=none`)).status).toBe(204);
    expect((await api.put('gone', 'a', 'x')).status).toBe(200);
    expect((await api.del('gone', 'a')).status).toBe(204);
  });
});

describe('a schema that present values break', () => {
  beforeAll(async () => {
    await api.put('strict', 'port', 'eighty');
    await api.put('strict', 'port', 8080, { environment: 'TEST' });
    await api.put('strict', 'port', -1, { environment: 'STAGING' });
  });
  const schema = { type: 'integer', minimum: 1 };

  test('is refused with the list of them', async () => {
    const answer = await putSchema('strict', 'port', schema);
    expect([answer.status, answer.problem.type]).toEqual([
      409,
      'urn:quantivista:problem:values_break_schema',
    ]);
    const found = violationsOf(answer)?.map(each => [
      each.environment,
      each.config_key,
      each.path,
      each.rule,
    ]);
    expect(found).toEqual([
      ['STAGING', 'port', '', 'minimum'],
      ['PRODUCTION', 'port', '', 'type'],
    ]);
    expect((await api.request('GET', path('strict', 'port'))).status).toBe(404);
  });

  test('stands where it is forced, and the answer lists them', async () => {
    const answer = await putSchema('strict', 'port', schema, '?force=true');
    expect([answer.status, answer.body.forced, answer.body.violations.length]).toEqual([200, true, 2]);
    expect((await api.get('strict', 'port')).body.config_value).toBe('eighty');
    expect((await api.put('strict', 'port', 'eighty')).status).toBe(422);
    expect((await api.put('strict', 'port', 80)).status).toBe(200);
  });
});

test('a schema has versions, a tag, conditions, and a record of who put it', async () => {
  const first = await putSchema('kept', 'a', { type: 'integer' });
  expect(first.body).toMatchObject({ version: 1, updated_by: 'admin', pattern: 'a', violations: [] });
  const etag = first.headers.get('etag')!;
  const second = await putSchema('kept', 'a', { type: 'string' }, '', { 'if-match': etag });
  expect(second.body.version).toBe(2);
  expect((await putSchema('kept', 'a', true, '', { 'if-match': etag })).status).toBe(409);
  expect((await putSchema('kept', 'a', true, '', { 'if-none-match': '*' })).status).toBe(409);
  expect((await api.request('DELETE', path('kept', 'a'))).status).toBe(204);
  expect((await api.request('DELETE', path('kept', 'a'))).status).toBe(404);
  const again = await putSchema('kept', 'a', { type: 'boolean' });
  expect([again.body.version, again.body.created_at]).toEqual([4, again.body.updated_at]);

  const { body } = await api.request<SchemaVersionList>('GET', `${path('kept', 'a')}/versions?limit=3`);
  expect(body.versions.map(each => [each.version, each.deleted, each.schema])).toEqual([
    [4, false, { type: 'boolean' }],
    [3, true, null],
    [2, false, { type: 'string' }],
  ]);
  expect(body.next_before).toBe(2);
  const { body: read } = await api.request<ValueSchema>('GET', path('kept', 'a'));
  expect(read).toEqual((({ violations: _, revision: __, ...record }) => record)(again.body));
});

test('the schemas of a service are listed in pages', async () => {
  for (const pattern of ['*', 'a*', 'b']) await putSchema('listed', pattern, true);
  const page = (query: string) => api.request<SchemaList>('GET', `/api/v1/schemas/listed?${query}`);
  const { body: first } = await page('limit=2');
  expect([first.schemas.map(({ pattern }) => pattern), first.next_after]).toEqual([['*', 'a*'], 'a*']);
  const { body: rest } = await page(`limit=2&after=${encodeURIComponent(first.next_after!)}`);
  expect([rest.schemas.map(({ pattern }) => pattern), rest.next_after]).toEqual([['b'], undefined]);
});

test('a value can be tried without being put', async () => {
  await putSchema('tried', 'a*', { maximum: 5 });
  const attempt = (body: object) =>
    api.request<ValidateResult>('POST', '/api/v1/schemas/tried/validate', { body });
  expect((await attempt({ config_key: 'ab', value: 5 })).body).toEqual({
    valid: true,
    patterns: ['a*'],
    violations: [],
  });
  expect((await attempt({ config_key: 'ab', value: 6 })).body).toMatchObject({
    valid: false,
    violations: [{ pattern: 'a*', path: '', rule: 'maximum' }],
  });
  expect((await attempt({ config_key: 'b', value: 6 })).body.patterns).toEqual([]);
  expect((await attempt({ config_key: 'b', value: 6, schema: { type: 'string' } })).body.valid).toBe(false);
  expect((await attempt({ config_key: 'b', value: 6, schema: { type: 'nix' } })).status).toBe(400);
});

test.each<[string, Json | undefined, string, number]>([
  ['a*b', true, 'path.pattern', 400],
  ['a', undefined, 'body.schema', 400],
  ['a', 'integer', 'body.schema', 400],
  ['a', { type: 'int' }, 'body.schema.type', 400],
  ['a', { $ref: 'https://example.com/x' }, 'body.schema.$ref', 400],
  ['a', { pattern: '(?=x)' }, 'body.schema', 400],
  ['a', { description: 'x'.repeat(40_000) }, 'body.schema', 413],
])('a schema that is none changes nothing: %s %j', async (pattern, schema, field, status) => {
  const answer = await api.request('PUT', path('bad', pattern), { body: { schema } });
  expect([answer.status, answer.problem.errors?.[0]?.field]).toEqual([status, field]);
  expect((await api.request<SchemaList>('GET', '/api/v1/schemas/bad')).body.schemas).toEqual([]);
});

test('a full batch over several services is judged within one transaction', async () => {
  await putSchema('full0', '*', { type: 'integer' });
  const batch = (last: Json) =>
    api.batch(
      Array.from({ length: 120 }, (_, index) => ({
        op: 'set' as const,
        environment: 'TEST' as const,
        service_name: `full${index % 4}`,
        config_key: `k${index}`,
        new_value: index === 116 ? last : index,
      })),
    );
  expect((await batch('x')).status).toBe(422);
  expect((await batch(1)).status).toBe(200);
});

test('a schema and a value put at the same time: never both where they do not fit, unless forced', async () => {
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 60; round++) {
    const key = `k${round}`;
    const value = api.put('raced', key, 'text');
    // Now a little earlier, now a little later.
    for (let turn = 0; turn < round % 5; turn++) await new Promise(setImmediate);
    const [put, schema] = await Promise.all([value, putSchema('raced', key, { type: 'integer' })]);
    const both = `${put.status} ${schema.status}`;
    outcomes.set(both, (outcomes.get(both) ?? 0) + 1);
    expect(['200 409', '422 200']).toContain(both);
    const stands = (await api.request('GET', path('raced', key))).status === 200;
    const isThere = (await api.get('raced', key)).status === 200;
    expect([stands, isThere]).toEqual(put.status === 200 ? [false, true] : [true, false]);
  }
});

test('many writers of values and schemas of one service leave no value that breaks a schema', async () => {
  const schemas: Json[] = [{ type: 'integer' }, { type: 'string' }, { minimum: 3 }, { maxLength: 2 }, true];
  const values: Json[] = [1, 5, 'a', 'long'];
  for (let round = 0; round < 12; round++) {
    await Promise.all([
      ...schemas.map((schema, index) => putSchema('crowded', index % 2 === 0 ? '*' : 'k*', schema)),
      ...values.map((value, index) => api.put('crowded', `k${index % 2}`, value)),
    ]);
    const { body: map } = await api.list('crowded');
    for (const [config_key, value] of Object.entries(map)) {
      const body = { config_key, value };
      const verdict = await api.request<ValidateResult>('POST', '/api/v1/schemas/crowded/validate', { body });
      expect(verdict.body).toMatchObject({ valid: true });
    }
  }
});
