/** Many values at once, on a real authority: documents out and in, and from one environment to another. */
import type { BulkResult, Environment, Json, Problem } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTrail, type Trail } from '../faults/trail.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
let api: Api;
let trail: Trail;
beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], nodeRoles: ['feed,serve'] });
  api = network.api(network.authority);
  trail = openTrail(network.postgres.url);
});
afterAll(async () => {
  await trail.close();
  await network.stop();
});

interface ImportOptions {
  readonly query?: Record<string, string | number>;
  readonly type?: string;
}

function importDocument(
  body: string | object,
  { query = {}, type = 'application/json' }: ImportOptions = {},
) {
  const entries = Object.entries({ environment: 'TEST', ...query }).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  const path = `/api/v1/config/import?${new URLSearchParams(entries)}`;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return api.request<BulkResult>('POST', path, { body: text, headers: { 'content-type': type } });
}
const exportDocument = (query: string) =>
  api.request('GET', `/api/v1/config/export?environment=TEST&${query}`);
const promote = (body: object) => api.request<BulkResult>('POST', '/api/v1/config/promote', { body });
const mapOf = async (service: string, environment: Environment = 'TEST') =>
  (await api.list(service, { environment })).body;
const putIn = async (environment: Environment, service: string, values: Record<string, Json>, body = {}) => {
  for (const [key, value] of Object.entries(values)) {
    expect((await api.put(service, key, value, { environment, body })).status).toBe(200);
  }
};
const changesOf = ({ entries }: BulkResult) => entries.map(each => [each.config_key, each.change]);

describe('export and import', () => {
  const values = { limit: 10, rate: 0.5, name: 'a "b" $c\n#', list: [1, { x: null }], none: null, '2': '2' };

  test.each(['json', 'yaml'])('%s: what was exported is imported as the same values', async format => {
    const service = `round_${format}`;
    await putIn('TEST', service, values);
    const { body } = await exportDocument(`service_name=${service}&format=${format}`);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const query = { service_name: `${service}_copy`, format };
    const result = await importDocument(text, { query, type: `application/${format}` });
    expect([result.status, result.body.totals.added]).toEqual([200, 6]);
    expect(await mapOf(`${service}_copy`)).toEqual(values);
  });

  test('env: text is imported as the same text, of type ENVIRONMENT_VARIABLE', async () => {
    await putIn('TEST', 'round_env', { A: 'a "b" $c\n#', B: '', PORT: '8080' });
    const { body, headers } = await exportDocument('service_name=round_env&format=env');
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const query = { service_name: 'env_copy' };
    expect((await importDocument(body as string, { query, type: 'text/plain' })).status).toBe(200);
    expect(await mapOf('env_copy')).toEqual({ A: 'a "b" $c\n#', B: '', PORT: '8080' });
    expect((await api.get('env_copy', 'A', { environment: 'TEST' })).body.config_type).toBe(
      'ENVIRONMENT_VARIABLE',
    );
  });

  test('a variable that is not set becomes empty, with a warning', async () => {
    const { body } = await importDocument('A=$NOWHERE', {
      query: { service_name: 'warned' },
      type: 'text/plain',
    });
    expect([await mapOf('warned'), body.warnings]).toEqual([
      { A: '' },
      ['NOWHERE is not set: it becomes an empty string'],
    ]);
  });

  test('a whole environment goes out and comes in by service', async () => {
    await putIn('TEST', 'whole_a', { x: 1 });
    await putIn('TEST', 'whole_b', { y: [2] });
    const { body, revision } = await exportDocument('format=json');
    expect(body).toMatchObject({ whole_a: { x: 1 }, whole_b: { y: [2] } });
    const again = await importDocument(body as object);
    expect([again.body.totals.unchanged > 2, again.body.transactions, again.body.revision]).toEqual([
      true,
      [],
      null,
    ]);
    expect(again.body.read_revision).toBeGreaterThanOrEqual(revision);
    const other = await importDocument(
      { whole_a: { x: 3 }, whole_b: { y: [2], z: 4 } },
      { query: { environment: 'STAGING' } },
    );
    expect(other.body.transactions).toEqual([{ revision: other.body.revision, changed: 3 }]);
    expect(await mapOf('whole_b', 'STAGING')).toEqual({ y: [2], z: 4 });
  });
});

describe('an import', () => {
  test('says first what it would do, and changes nothing; then it does that, in one revision', async () => {
    await putIn('TEST', 'planned', { same: 1, other: 'a', gone: true });
    const before = await trail.rowCount();
    const document = { same: 1, other: 'b', fresh: null };
    const query = { service_name: 'planned', mode: 'replace' };
    const dry = await importDocument(document, { query: { ...query, dry_run: 'true' } });
    expect(dry.body).toMatchObject({
      dry_run: true,
      revision: null,
      transactions: [],
      totals: { added: 1, changed: 1, removed: 1, unchanged: 1 },
      violations: [],
      refusals: [],
    });
    const place = { environment: 'TEST', service_name: 'planned' };
    expect(dry.body.entries).toEqual([
      { ...place, config_key: 'fresh', change: 'added', new_value: null },
      { ...place, config_key: 'gone', change: 'removed', old_value: true },
      { ...place, config_key: 'other', change: 'changed', old_value: 'a', new_value: 'b' },
    ]);
    expect(await trail.rowCount()).toEqual(before);
    expect(await mapOf('planned')).toEqual({ same: 1, other: 'a', gone: true });

    const done = await importDocument(document, {
      query: { ...query, expected_revision: dry.body.read_revision },
    });
    expect(done.body.entries).toEqual(dry.body.entries);
    expect(done.body.transactions).toEqual([{ revision: done.revision, changed: 3 }]);
    expect(await mapOf('planned')).toEqual(document);
  });

  test('leaves what the document does not name, unless it is to replace', async () => {
    await putIn('TEST', 'merged', { a: 1, b: 2 });
    await importDocument({ b: 3 }, { query: { service_name: 'merged' } });
    expect(await mapOf('merged')).toEqual({ a: 1, b: 3 });
  });

  test('is refused where the values are not those that were seen', async () => {
    await putIn('TEST', 'seen', { a: 1 });
    const query = { service_name: 'seen' };
    const dry = await importDocument({ a: 2 }, { query: { ...query, dry_run: 'true' } });
    const expected = { expected_revision: dry.body.read_revision };
    await api.put('elsewhere', 'x', 1, { environment: 'TEST' });
    await api.del('seen', 'a', { environment: 'TEST' });
    const answer = await importDocument({ a: 2 }, { query: { ...query, ...expected } });
    expect([answer.status, answer.problem.type]).toEqual([409, 'urn:quantivista:problem:conflict']);
    const ahead = await importDocument({ a: 2 }, { query: { ...query, expected_revision: 1_000_000 } });
    expect(ahead.problem.type).toBe('urn:quantivista:problem:revision_not_reached');
    const life = { expected_generation: '00000000-0000-4000-8000-000000000000' };
    expect((await importDocument({ a: 2 }, { query: { ...query, ...life } })).status).toBe(409);
    expect(await mapOf('seen')).toEqual({});
  });

  test('of more than one transaction takes is refused, unless it need not be atomic', async () => {
    const large = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, index]));
    const query = { service_name: 'large' };
    const refused = await importDocument(large, { query });
    expect([refused.status, refused.problem.detail]).toEqual([413, expect.stringContaining('120 keys')]);
    expect(await mapOf('large')).toEqual({});
    const dry = await importDocument(large, { query: { ...query, dry_run: 'true' } });
    expect(dry.body.refusals.map(({ status }) => status)).toEqual([413]);
    const done = await importDocument(large, { query: { ...query, atomic: 'false' } });
    expect(done.body.transactions.map(({ changed }) => changed)).toEqual([120, 120, 60]);
    const revisions = done.body.transactions.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(done.body.revision).toBe(revisions.at(-1));
    expect(await mapOf('large')).toEqual(large);
  });

  test('whose values break a schema names them all before, and changes nothing', async () => {
    await api.request('PUT', '/api/v1/schemas/ruled/n*', { body: { schema: { type: 'integer' } } });
    const document = { n1: 1, n2: 'x', n3: [], other: 'x' };
    const dry = await importDocument(document, { query: { service_name: 'ruled', dry_run: 'true' } });
    expect(dry.body.violations.map(({ config_key, rule }) => [config_key, rule])).toEqual([
      ['n2', 'type'],
      ['n3', 'type'],
    ]);
    const refused = await importDocument(document, { query: { service_name: 'ruled' } });
    const { violations } = refused.problem as Problem & { violations: unknown };
    expect([refused.status, violations]).toEqual([422, dry.body.violations]);
    expect(await mapOf('ruled')).toEqual({});
  });

  test('that fails on its way says which transactions were made', async () => {
    await api.put('partly', 'z', 1, { environment: 'TEST', body: { config_type: 'BUSINESS_RULE' } });
    const values = Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`k${index}`, index]));
    const query = { service_name: 'partly', atomic: 'false', config_type: 'APPLICATION_CONFIG' };
    const answer = await importDocument({ ...values, z: 2 }, { query });
    const { transactions, type } = answer.problem as Problem & { transactions: { changed: number }[] };
    expect([answer.status, type]).toEqual([409, 'urn:quantivista:problem:type_conflict']);
    expect(transactions.map(({ changed }) => changed)).toEqual([120]);
    expect(answer.problem.detail).toContain('1 of 2 transactions were made');
  });

  const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const bomb = Array.from({ length: 9 }, (_, level) =>
    level === 0
      ? 'k0: &k0 [x, x, x, x, x, x, x, x, x, x]'
      : `k${level}: &k${level} [${Array(10).fill(`*k${level - 1}`)}]`,
  ).join('\n');
  test.each<[string, string, string, number, string, Record<string, string>?]>([
    ['what is no JSON', '{', 'application/json', 400, ''],
    ['a name that stands twice', '{"a":1,"a":2}', 'application/json', 400, 'body'],
    ['JSON too deep', nested(150), 'application/json', 400, 'body.a'],
    ['JSON far too deep', nested(100_000), 'application/json', 400, 'body.a'],
    ['a list', '[1]', 'application/json', 400, 'body'],
    ['a bad key', '{"a/b":1}', 'application/json', 400, 'body.a/b'],
    ['__proto__', '{"__proto__":1}', 'application/json', 400, 'body.__proto__'],
    ['a bad service', '{"Bad":{"a":1}}', 'application/json', 400, 'body.Bad', { service_name: '' }],
    ['a service that is no map', '{"bad":1}', 'application/json', 400, 'body', { service_name: '' }],
    ['an integer that would be rounded', '{"a":12345678901234567890}', 'application/json', 400, 'body'],
    ['a bomb of YAML', bomb, 'application/yaml', 400, 'body'],
    ['a key of YAML that stands twice', 'a: 1\na: 2', 'application/yaml', 400, 'body'],
    ['YAML too deep', `a: ${'['.repeat(20_000)}`, 'application/yaml', 400, 'body'],
    ['YAML that JSON can not hold', 'a: .nan', 'application/yaml', 400, 'body'],
    ['YAML that is too large', `a: ${'x'.repeat(1_000_000)}`, 'text/yaml', 413, 'body'],
    ['an env file that is none', '=1', 'text/plain', 400, 'body'],
    ['an env file of no service', 'A=1', 'text/plain', 400, 'query.service_name', { service_name: '' }],
    ['an env file that grows', `A=xxxxxxxx\n${'A=$A$A\n'.repeat(40)}`, 'text/plain', 400, 'body'],
    ['an unknown content type', 'a', 'application/xml', 415, ''],
    ['no content type', 'a', '', 415, ''],
    ['an unknown format', '{}', 'application/json', 400, 'query.format', { format: 'xml' }],
    ['a withheld value of no key', '{"a":{"$withheld":"confidential"}}', 'application/json', 400, 'body.a'],
    [
      'a number for a variable',
      '{"a":1}',
      'application/json',
      400,
      'body.a.new_value',
      { config_type: 'ENVIRONMENT_VARIABLE' },
    ],
  ])('refuses %s', async (_, body, type, status, field, query = {}) => {
    const all: Record<string, string> = { service_name: 'refused', ...query };
    if (all.service_name === '') delete all.service_name;
    const answer = await importDocument(body, { query: all, type });
    expect([answer.status, answer.problem.errors?.[0]?.field ?? '']).toEqual([status, field]);
    expect(await mapOf('refused')).toEqual({});
  });

  test('and an export need a token, a format that fits, an environment', async () => {
    const stranger = network.api(network.authority, 'nobody');
    expect(
      (await stranger.request('POST', '/api/v1/config/import?environment=TEST', { body: {} })).status,
    ).toBe(401);
    expect((await exportDocument('format=env')).problem.errors?.[0]?.field).toBe('query.service_name');
    expect((await api.request('GET', '/api/v1/config/export?environment=MOON')).status).toBe(400);
  });
});

describe('a promotion', () => {
  test('shows the difference, and does that if nothing has changed since', async () => {
    await putIn('STAGING', 'promoted', { a: 1, b: 'new', c: [1] });
    await putIn('PRODUCTION', 'promoted', { a: 1, b: 'old', d: true });
    const base = { from: 'STAGING', to: 'PRODUCTION', service_name: 'promoted', remove: true };
    const dry = await promote({ ...base, dry_run: true });
    expect(changesOf(dry.body)).toEqual([
      ['b', 'changed'],
      ['c', 'added'],
      ['d', 'removed'],
    ]);
    const expected = { expected_revision: dry.body.read_revision };
    await putIn('STAGING', 'promoted', { a: 2 });
    expect((await promote({ ...base, ...expected })).status).toBe(409);
    const again = await promote({ ...base, dry_run: true });
    await putIn('PRODUCTION', 'promoted', { e: 2 });
    expect((await promote({ ...base, expected_revision: again.body.read_revision })).status).toBe(409);
    expect(await mapOf('promoted', 'PRODUCTION')).toEqual({ a: 1, b: 'old', d: true, e: 2 });

    const last = await promote({ ...base, dry_run: true });
    await putIn('PRODUCTION', 'another', { x: 1 });
    const done = await promote({ ...base, expected_revision: last.body.read_revision });
    expect([done.status, done.body.entries]).toEqual([200, last.body.entries]);
    expect(await mapOf('promoted', 'PRODUCTION')).toEqual({ a: 2, b: 'new', c: [1] });
  });

  test('of some keys, or of those that begin alike, leaves the others', async () => {
    await putIn('STAGING', 'some', { a1: 1, a2: 2, b1: 3 });
    const base = { from: 'STAGING', to: 'TEST', service_name: 'some' };
    await promote({ ...base, keys: ['a1'] });
    expect(await mapOf('some')).toEqual({ a1: 1 });
    await promote({ ...base, prefix: 'b' });
    expect(await mapOf('some')).toEqual({ a1: 1, b1: 3 });
    const missing = await promote({ ...base, keys: ['a2', 'none'] });
    expect([missing.status, missing.problem.errors?.[0]?.field]).toEqual([404, 'body.keys.1']);
    expect((await promote({ ...base, keys: ['a1'], prefix: 'b' })).status).toBe(400);
    expect((await promote({ ...base, to: 'STAGING' })).problem.errors?.[0]?.field).toBe('body.to');
  });

  test('carries types and descriptions; types of the target change only on purpose', async () => {
    const body = { config_type: 'BUSINESS_RULE', description: 'from staging' };
    await putIn('STAGING', 'typed', { a: 1 }, body);
    const base = { from: 'STAGING', to: 'TEST', service_name: 'typed' };
    await promote(base);
    expect((await api.get('typed', 'a', { environment: 'TEST' })).body).toMatchObject(body);
    await putIn('STAGING', 'typed', { a: 2 }, { config_type: 'APPLICATION_CONFIG', change_type: true });
    expect((await promote(base)).problem.type).toBe('urn:quantivista:problem:type_conflict');
    const dry = await promote({ ...base, dry_run: true });
    expect(dry.body.refusals.map(({ type }) => type)).toEqual(['urn:quantivista:problem:type_conflict']);
    expect((await promote({ ...base, change_type: true })).status).toBe(200);
    expect((await api.get('typed', 'a', { environment: 'TEST' })).body.config_type).toBe(
      'APPLICATION_CONFIG',
    );
  });
});

describe('types', () => {
  test.each(['APPLICATION_CONFIG', 'FEATURE_FLAG', 'ENVIRONMENT_VARIABLE', 'BUSINESS_RULE'])(
    '%s',
    async type => {
      const body = { config_type: type, description: 'said of it' };
      const first = await api.put('types', type, 'x', { body });
      expect(first.body).toMatchObject({ ...body, version: 1, created_at: first.body.updated_at });
      const second = await api.put('types', type, 'y');
      expect(second.body).toMatchObject({ ...body, version: 2, created_at: first.body.created_at });
      expect(second.body.updated_at >= first.body.updated_at).toBe(true);
      await api.del('types', type);
      const again = await api.put('types', type, 'z', { body });
      expect(again.body).toMatchObject({ version: 4, created_at: again.body.updated_at });
      const versions = (await api.versions('types', type)).body.versions.map(each => [
        each.version,
        each.deleted,
      ]);
      expect(versions).toEqual([
        [4, false],
        [3, true],
        [2, false],
        [1, false],
      ]);
    },
  );

  test('one changes on purpose alone, and that is recorded; a rollback brings it back', async () => {
    const typeOf = (config_type: string, more = {}) => ({ body: { config_type, ...more } });
    await api.put('types', 'changed', 1);
    const refused = await api.put('types', 'changed', 2, typeOf('BUSINESS_RULE'));
    expect([refused.status, refused.problem.type]).toEqual([409, 'urn:quantivista:problem:type_conflict']);
    const open = typeOf('SECRET', { change_type: true, is_encrypted: false });
    expect((await api.put('types', 'changed', 2, open)).status).toBe(400);
    const number = await api.put(
      'types',
      'changed',
      2,
      typeOf('ENVIRONMENT_VARIABLE', { change_type: true }),
    );
    expect([number.status, number.problem.errors?.[0]?.field]).toEqual([400, 'body.new_value']);
    const changed = await api.put('types', 'changed', 2, typeOf('BUSINESS_RULE', { change_type: true }));
    expect([changed.status, changed.body.version, changed.body.config_type]).toEqual([
      200,
      2,
      'BUSINESS_RULE',
    ]);
    const rollback = {
      service_name: 'types',
      config_key: 'changed',
      environment: 'PRODUCTION',
      version: 1,
    } as const;
    expect((await api.rollback(rollback)).body.configuration).toMatchObject({
      config_type: 'APPLICATION_CONFIG',
    });
    const { versions } = (await api.versions('types', 'changed')).body;
    expect(versions.map(each => each.config_type)).toEqual([
      'APPLICATION_CONFIG',
      'BUSINESS_RULE',
      'APPLICATION_CONFIG',
    ]);
  });
});

test('every endpoint is described', async () => {
  const { body } = await api.request<{ paths: Record<string, object> }>('GET', '/openapi.json');
  for (const path of [
    '/api/v1/config/export',
    '/api/v1/config/import',
    '/api/v1/config/promote',
    '/api/v1/schemas/{service_name}',
    '/api/v1/schemas/{service_name}/validate',
    '/api/v1/schemas/{service_name}/{pattern}',
    '/api/v1/schemas/{service_name}/{pattern}/versions',
  ])
    expect(body.paths[path], path).toBeDefined();
});
