/** What an attacker tries: forged tokens, confused ones, floods, and ways around the scope of an honest one. */
import { createHmac, sign } from 'node:crypto';
import { request } from 'node:http';
import type { CreatedToken } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import {
  AUDIENCE,
  assembleJwt,
  createSigningKey,
  createTestIssuer,
  ISSUER,
  type KeyServer,
  signWith,
  startKeyServer,
} from '../harness/issuer.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

const REMOTE = 'https://remote.test';
const remoteKey = createSigningKey('remote');
const rsaKey = createSigningKey('rsa', 'RS256');
const inS = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

/** What an attacker's tokens point at. */
const evilKey = createSigningKey('first');
let trap: KeyServer;
let server: KeyServer;
let issuer: ReturnType<typeof createTestIssuer>;
let network: TestNetwork;

beforeAll(async () => {
  server = await startKeyServer([remoteKey]);
  trap = await startKeyServer([evilKey]);
  const remote = {
    issuer: REMOTE,
    audience: AUDIENCE,
    jwks_url: server.url,
    kind: 'service',
    refresh_s: 0.5,
    refetch_s: 1,
    max_stale_s: 4,
  };
  issuer = createTestIssuer({}, [remote]);
  issuer.publish(...issuer.keys, rsaKey);
  // As it is without a word of it: nothing is open.
  const env = { ISSUERS_FILE: issuer.file, OPEN_ENDPOINTS: '' };
  network = await startTestNetwork({
    regionNames: ['eu-west'],
    runtime: ['bun', 'node'],
    reads: 'token',
    authorityEnv: env,
    nodeEnv: env,
  });
  const admin = network.api(network.authority);
  for (const [service, key] of [
    ['risk', 'limit'],
    ['orders', 'limit'],
    ['risk', 'secret'],
  ] as const)
    await admin.put(service, key, 1);
  const subjects = [
    { kind: 'person', name: 'ann' },
    { kind: 'service', name: 'system:serviceaccount:desk:risk' },
  ];
  const body = { roles: ['reader'], subjects };
  const { status, revision } = await admin.request('PUT', '/api/v1/access/bindings/all', { body });
  expect(status).toBe(200);
  for (const node of network.serving)
    await until(
      async () =>
        (await network.api(node).list('risk', { query: { min_revision: revision } })).status === 200,
      { what: 'the node to know' },
    );
});
afterAll(async () => {
  await network?.stop();
  await server?.close();
  await trap?.close();
  issuer?.remove();
});

const doors = () => [network.authority, ...network.serving];
const READ = '/api/v1/config/risk/limit?environment=PRODUCTION';

/** The status at the authority and at each node, as it comes over the wire. */
function ask(path: string, headers: Record<string, string>): Promise<number[]> {
  const statusOf = (url: string) =>
    new Promise<number>((resolve, reject) => {
      // Not by fetch, which would tidy up the path.
      const { hostname, port } = new URL(url);
      const sent = request({ hostname, port, path, headers, agent: false }, response => {
        response.resume();
        resolve(response.statusCode!);
      });
      sent.on('error', reject);
      sent.end();
    });
  return Promise.all(doors().map(({ url }) => statusOf(url)));
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const everywhere = (status: number) => doors().map(() => status);
const remoteToken = (claims: object = {}, key = remoteKey) =>
  assembleJwt(
    { alg: 'ES256', kid: key.id },
    { iss: REMOTE, aud: AUDIENCE, sub: 'system:serviceaccount:desk:risk', exp: inS(600), ...claims },
    signWith(key),
  );

describe('a JWT', () => {
  test('that is honest is taken, for a person and for a service', async () => {
    expect(await ask(READ, bearer(issuer.token('ann')))).toEqual(everywhere(200));
    expect(await ask(READ, bearer(remoteToken()))).toEqual(everywhere(200));
  });

  test('evaluates flags where it is honest, is offered no stream that nothing would let it into, and else is refused', async () => {
    for (const node of network.serving) {
      const evaluate = async (path: string, token: string) => {
        const headers = { ...bearer(token), 'content-type': 'application/json' };
        const init = { method: 'POST', headers, body: '{"context":{}}' };
        const answer = await fetch(`${node.url}/ofrep/v1/evaluate/flags${path}`, init);
        return [answer.status, (await answer.json()) as object] as const;
      };
      // One that no node has met yet.
      const fresh = () => issuer.token('ann', { jti: Math.random().toString() });
      expect(await evaluate('/nothing', fresh())).toMatchObject([404, { errorCode: 'FLAG_NOT_FOUND' }]);
      expect(await evaluate('', fresh())).toEqual([200, { flags: [], metadata: {} }]);
      expect((await evaluate('/nothing', remoteToken({}, createSigningKey())))[0]).toBe(401);
      expect((await evaluate('/nothing', issuer.token('ann', { exp: inS(-60) })))[0]).toBe(401);
    }
  });

  const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'ann', exp: inS(3_600) };
  const hmac = (secret: string) => (signed: string) => createHmac('sha256', secret).update(signed).digest();
  test.each<[string, () => string]>([
    [
      'by another key of the same name',
      () => assembleJwt({ alg: 'ES256', kid: 'first' }, claims, signWith(createSigningKey())),
    ],
    [
      'with a claim that was changed',
      () => {
        const [head, , signature] = issuer.token('bob').split('.');
        return `${head}.${issuer.token('ann').split('.')[1]}.${signature}`;
      },
    ],
    ['that has expired', () => issuer.token('ann', { exp: inS(-60) })],
    ['that never expires', () => issuer.token('ann', { exp: undefined })],
    ['that is not valid yet', () => issuer.token('ann', { nbf: inS(600) })],
    ['for another audience', () => issuer.token('ann', { aud: 'another' })],
    ['for no audience', () => issuer.token('ann', { aud: undefined })],
    ['of another issuer', () => issuer.token('ann', { iss: 'https://evil.test' })],
    ['of one issuer by the key of another', () => remoteToken({}, issuer.keys[0])],
    ['with alg none', () => assembleJwt({ alg: 'none' }, claims, () => Buffer.alloc(0))],
    [
      'with alg none and a signature',
      () => assembleJwt({ alg: 'none', kid: 'first' }, claims, signWith(issuer.keys[0]!)),
    ],
    [
      'signed by HS256 with the public key, PEM',
      () => assembleJwt({ alg: 'HS256', kid: 'first' }, claims, hmac(issuer.keys[0]!.publicPem)),
    ],
    [
      'signed by HS256 with the public key, JWK',
      () => assembleJwt({ alg: 'HS256', kid: 'first' }, claims, hmac(JSON.stringify(issuer.keys[0]!.jwk))),
    ],
    [
      'that brings its own key',
      () => {
        const own = createSigningKey('first');
        return assembleJwt(
          { alg: 'ES256', kid: 'first', jwk: own.jwk, jku: 'http://evil.test' },
          claims,
          signWith(own),
        );
      },
    ],
    ...[rsaKey.publicPem, rsaKey.publicPem.trim(), JSON.stringify(rsaKey.jwk), ''].map(
      (secret, index): [string, () => string] => [
        `signed by HS256 with the public RSA key as the secret, form ${index}`,
        () => assembleJwt({ alg: 'HS256', kid: 'rsa' }, claims, hmac(secret)),
      ],
    ),
    [
      'that says RS256 of a key that is for ES256',
      () => assembleJwt({ alg: 'RS256', kid: 'first' }, claims, signWith(rsaKey)),
    ],
    ...[
      '../../../../../../dev/null',
      '/dev/null',
      'first\0',
      "first' OR '1'='1",
      'FIRST',
      '',
      '__proto__',
    ].map((kid): [string, () => string] => [
      `whose key is called ${JSON.stringify(kid)}`,
      () => assembleJwt({ alg: 'ES256', kid }, claims, signWith(evilKey)),
    ]),
    [
      'whose key is called by a number',
      () => assembleJwt({ alg: 'ES256', kid: 0 }, claims, signWith(evilKey)),
    ],
    ...(['kid', 'jku', 'x5u', 'iss'] as const).map((name): [string, () => string] => [
      `whose ${name} points at a server of the attacker's`,
      () =>
        assembleJwt(
          { alg: 'ES256', kid: 'first', [name]: trap.url },
          { ...claims, ...(name === 'iss' && { iss: trap.url }) },
          signWith(evilKey),
        ),
    ]),
    [
      'that brings a certificate',
      () => assembleJwt({ alg: 'ES256', kid: 'first', x5c: [evilKey.publicPem] }, claims, signWith(evilKey)),
    ],
    ['with an unknown critical header', () => issuer.token('ann', {}, { crit: ['x'], x: 1 })],
    ['without a name', () => issuer.token('ann', { sub: undefined })],
    ['whose name is no name', () => issuer.token('ann\nadmin')],
    ['that is huge', () => issuer.token('ann', { padding: 'x'.repeat(9_000) })],
    ['that is no JWT', () => 'a.b.c'],
  ])('%s is refused', async (_, make) => {
    expect(await ask(READ, bearer(make()))).toEqual(everywhere(401));
  });

  test('is not followed to wherever it points', () => {
    expect(trap.asked).toBe(0);
  });

  test('by RS256 is taken, where its key is for that', async () => {
    const signRsa = (signed: string) => sign('sha256', Buffer.from(signed), rsaKey.privateKey);
    const token = assembleJwt({ alg: 'RS256', kid: 'rsa' }, claims, signRsa);
    expect(await ask(READ, bearer(token))).toEqual(everywhere(200));
  });

  test('that is larger than any header may be does not get through', async () => {
    // 431, or the connection is broken: whichever, nothing is answered, and the next request is.
    await ask(READ, bearer('x'.repeat(200_000))).then(
      statuses => expect(statuses.every(status => status === 401 || status === 431)).toBe(true),
      () => {},
    );
    expect(await ask(READ, bearer(issuer.token('ann')))).toEqual(everywhere(200));
  });

  test('does not work where no JWT is looked for', async () => {
    const token = issuer.token('ann');
    // Not even beside one that is where it belongs: it has been written down by then.
    for (const query of [`access_token=${token}`, `token=${token}`, `authorization=Bearer%20${token}`])
      for (const headers of [{}, bearer(token)])
        expect(await ask(`${READ}&${query}`, headers)).toEqual(everywhere(400));
    expect(await ask(READ, { cookie: `token=${token}` })).toEqual(everywhere(401));
    expect(await ask(READ, { authorization: `Basic ${token}` })).toEqual(everywhere(401));
  });

  test('of a flood of unknown keys, the issuer hardly hears', async () => {
    const before = server.asked;
    const startedAt = performance.now();
    for (let round = 0; round < 20; round++) {
      const forged = Array.from({ length: 10 }, () => ask(READ, bearer(remoteToken({}, createSigningKey()))));
      for (const statuses of await Promise.all(forged)) expect(statuses).toEqual(everywhere(401));
    }
    // By their settings each of the three asks every half second, and once a second besides.
    const allowed = 3 * (3 + 3 * ((performance.now() - startedAt) / 1_000));
    expect(server.asked - before).toBeLessThanOrEqual(allowed);
    expect(await ask(READ, bearer(remoteToken()))).toEqual(everywhere(200));
  });
});

test('keys that are rotated, slow, and not to be had', async () => {
  const next = createSigningKey('next');
  server.keys = [next];
  await until(async () => (await ask(READ, bearer(remoteToken({}, next)))).every(each => each === 200), {
    what: 'the new key to be taken',
  });
  await until(async () => (await ask(READ, bearer(remoteToken()))).every(each => each === 401), {
    what: 'the old key to be refused',
  });

  // Its issuer takes its time, and answers faults then: the keys from before are good for as long as is said.
  server.delayMs = 300;
  server.status = 500;
  expect(await ask(READ, bearer(remoteToken({ jti: 'a' }, next)))).toEqual(everywhere(200));
  await until(
    async () => (await ask(READ, bearer(remoteToken({ jti: 'b' }, next)))).every(each => each === 503),
    {
      what: 'the keys to be too old',
    },
  );
  // Whom others vouch for does not notice.
  expect(await ask(READ, bearer(issuer.token('ann')))).toEqual(everywhere(200));
  Object.assign(server, { status: 200, delayMs: 0 });
  await until(
    async () => (await ask(READ, bearer(remoteToken({ jti: 'b' }, next)))).every(each => each === 200),
    {
      what: 'the keys to be had again',
    },
  );
});

describe('the scope of a token', () => {
  let token: string;
  beforeAll(async () => {
    const body = {
      name: 'scoped',
      permissions: ['read', 'write', 'rollback', 'audit'],
      scopes: { environments: ['PRODUCTION'], services: ['risk*'], keys: ['limit*'] },
    };
    const made = await network
      .api(network.authority)
      .request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
    token = made.body.token;
    await until(async () => (await ask(READ, bearer(token))).every(each => each === 200), {
      what: 'the token',
    });
  });

  test.each([
    ['/api/v1/config/orders/limit?environment=PRODUCTION', 403],
    ['/api/v1/config/risk/secret?environment=PRODUCTION', 403],
    ['/api/v1/config/risk/limit?environment=TEST', 403],
    ['/api/v1/config/risk/limit?environment=TEST&environment=PRODUCTION', 400],
    ['/api/v1/config/risk/nothing?environment=PRODUCTION', 403],
    ['/api/v1/config/risk/limit.gone?environment=PRODUCTION', 404],
    ['/api/v1/config/orders?environment=PRODUCTION', 403],
    ['/api/v1/config/r*sk/limit?environment=PRODUCTION', 400],
    ['/api/v1/config/*/limit?environment=PRODUCTION', 400],
    ['/api/v1/config/%2a/limit?environment=PRODUCTION', 400],
    ['/api/v1/config/risk%2f..%2forders/limit?environment=PRODUCTION', 400],
    ['/api/v1/config/risk/limit%2f..%2fsecret?environment=PRODUCTION', 400],
    ['/api/v1/config/risk/..%2forders%2flimit?environment=PRODUCTION', 400],
    ['/api/v1/config/risk/%73ecret?environment=PRODUCTION', 403],
    ['/api/v1/config/%6frders/limit?environment=PRODUCTION', 403],
    // Judged as what it comes to.
    ['/api/v1/config/risk/../orders/limit?environment=PRODUCTION', 403],
    ['/api/v1/config/risk/%2e%2e/orders/limit?environment=PRODUCTION', 403],
    ['/api/v1/config/risk/..?environment=PRODUCTION', 404],
    ['/api/v1/config/risk/limit%00?environment=PRODUCTION', 400],
    ['/api/v1/config/risk%00/limit?environment=PRODUCTION', 400],
    ['/api/v1/config/risk/limit%0d%0ax-evil:%201?environment=PRODUCTION', 400],
    ['/api/v1/config/risk%5c..%5corders/limit?environment=PRODUCTION', 400],
    // Cyrillic, full width, composed otherwise, turned round, of no width: none of them is the name that it looks like.
    ...['r%D1%96sk', '%EF%BD%92isk', 'ri%CC%87sk', 'risk%E2%80%AE', 'ri%E2%80%8Bsk', 'RISK', 'ris%C5%BF'].map(
      (name): [string, number] => [`/api/v1/config/${name}/limit?environment=PRODUCTION`, 400],
    ),
    ['/api/v1/config/risk/%ff%fe?environment=PRODUCTION', 400],
    ['/api/v1/config/risk/%zz?environment=PRODUCTION', 400],
    [`/api/v1/config/${'r'.repeat(101)}/limit?environment=PRODUCTION`, 400],
    [`/api/v1/config/risk/${'l'.repeat(201)}?environment=PRODUCTION`, 400],
    ['/api/v1/config/risk/_access?environment=PRODUCTION', 403],
    ['/api/v1/config/_access/tokens?environment=PRODUCTION', 400],
    ['/api/v1/config/risk/limit?environment=PRODUCTION%2f..%2fTEST', 400],
    ['/api/v1/config/risk/limit?environment[]=PRODUCTION', 400],
    ['//api/v1/config/orders/limit?environment=PRODUCTION', 404],
    ['/api/v1/config//orders/limit?environment=PRODUCTION', 404],
    ['/api/v1/config/risk;orders/limit?environment=PRODUCTION', 400],
    ['/api/v1/feature-flags/orders', 403],
  ])('does not end at %s: %i', async (path, status) => {
    expect(await ask(path, bearer(token))).toEqual(everywhere(status));
  });

  test.each([
    'r.sk',
    'risk|orders',
    '(risk|orders)',
    '[a-z]+',
    '.*',
    'risk$',
    '^risk',
    'risk?',
    'r**\\',
    '../orders',
    'risk/limit',
    '{risk,orders}',
    'risk\n*',
  ])('is of no pattern but *: %j means itself, or is refused', async service => {
    const admin = network.api(network.authority);
    const scopes = { environments: ['PRODUCTION'], services: [service], keys: ['limit'] };
    const body = { name: 'odd', permissions: ['read'], scopes };
    const made = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
    if (made.status === 400) return;
    expect(made.status).toBe(201);
    await until(
      async () =>
        (await ask('/api/v1/config/no/limit?environment=TEST', bearer(made.body.token))).every(
          each => each === 403,
        ),
      { what: 'the token to be known' },
    );
    for (const path of ['risk/limit', 'orders/limit'])
      expect(await ask(`/api/v1/config/${path}?environment=PRODUCTION`, bearer(made.body.token))).toEqual(
        everywhere(403),
      );
  });

  test('leaves of a service what is within it', async () => {
    for (const door of doors()) {
      const { status, body, headers } = await network.api(door, token).list('risk');
      expect([status, body]).toEqual([200, { limit: 1 }]);
      const whole = await network.api(door).list('risk');
      expect(whole.body).toEqual({ limit: 1, secret: 1 });
      expect(headers.get('etag')).not.toBe(whole.headers.get('etag'));
      const again = { headers: { 'if-none-match': headers.get('etag')! } };
      expect((await network.api(door, token).list('risk', again)).status).toBe(304);
      expect((await network.api(door).list('risk', again)).status).toBe(200);
    }
  });

  test('holds of streams, the feed, and everything that writes or looks back', async () => {
    for (const node of network.serving) {
      const api = network.api(node, token);
      const watch = async (path: string) => (await api.request('GET', `/api/v1/config/${path}`)).status;
      expect(await watch('watch/risk?environment=PRODUCTION')).toBe(403);
      expect(await watch('watch?environment=PRODUCTION&prefix=limit')).toBe(403);
      // 426: it may, and is to upgrade.
      expect(await watch('watch/risk?environment=PRODUCTION&prefix=limit')).toBe(426);
      expect((await api.request('GET', '/api/v1/feed')).status).toBe(403);
      expect((await api.request('GET', '/api/v1/feed/snapshot')).status).toBe(403);
    }
    const api = network.api(network.authority, token);
    const own = {
      environment: 'PRODUCTION',
      service_name: 'risk',
      config_key: 'limit',
      new_value: 2,
      op: 'set',
    } as const;
    const foreign = { ...own, config_key: 'secret' };
    expect((await api.batch([own, foreign])).problem.detail).toMatch(/write on PRODUCTION\/risk\/secret/);
    expect((await network.api(network.authority).get('risk', 'limit')).body.config_value).toBe(1);
    // Nothing of what it is: neither whether the condition holds, nor whether it is there.
    for (const key of ['secret', 'nothing']) {
      const conditional = await api.put('risk', key, 5, { body: { old_value: 7 } });
      expect([conditional.status, JSON.stringify(conditional.body)]).toEqual([
        403,
        expect.not.stringContaining('current'),
      ]);
      expect((await api.del('risk', key)).status).toBe(403);
      expect((await api.versions('risk', key)).status).toBe(403);
    }
    const statusOf = async (method: string, path: string, body?: object) =>
      (await api.request(method, `/api/v1/${path}`, body && { body })).status;
    const rollback = { environment: 'PRODUCTION', service_name: 'risk', revision: 1 };
    expect(await statusOf('POST', 'config/rollback', { ...rollback, config_keys: ['secret'] })).toBe(403);
    const imported = '/api/v1/config/import?environment=PRODUCTION&dry_run=true';
    expect((await api.request('POST', imported, { body: { risk: { secret: 1 } } })).status).toBe(403);
    expect((await api.request('POST', imported, { body: { risk: { limit: 1 } } })).status).toBe(200);
    const promote = { service_name: 'risk', from: 'TEST', to: 'PRODUCTION' };
    expect(await statusOf('POST', 'config/promote', promote)).toBe(403);
    expect(await statusOf('GET', 'config/export?environment=PRODUCTION&service_name=risk&format=json')).toBe(
      403,
    );
    expect(await statusOf('GET', 'config/history?environment=PRODUCTION&service_name=risk')).toBe(403);
    expect(
      await statusOf('GET', 'config/history?environment=PRODUCTION&service_name=risk&key_prefix=limit'),
    ).toBe(200);
    expect(await statusOf('GET', 'config/diff?environment=PRODUCTION&service_name=risk&from=1')).toBe(403);
    expect(await statusOf('GET', 'audit')).toBe(403);
    expect(await statusOf('GET', 'audit?environment=PRODUCTION&service_name=risk&config_key=limit')).toBe(
      200,
    );
    expect(await statusOf('GET', 'audit?environment=PRODUCTION&service_name=risk')).toBe(403);
    expect(await statusOf('GET', 'audit/verify')).toBe(403);
    expect(await statusOf('GET', 'events')).toBe(403);
    expect(await statusOf('GET', 'webhooks')).toBe(403);
    expect(await statusOf('GET', 'access/tokens')).toBe(403);
    expect(await statusOf('PUT', 'schemas/risk/limit', { schema: {} })).toBe(403);
    expect(await statusOf('PUT', 'access/roles/mine', { grants: [{ actions: ['admin'] }] })).toBe(403);
    const propose = { changes: [foreign], reason: '' };
    expect(await statusOf('POST', 'proposals', propose)).toBe(403);
  });
});

test('nobody in particular gets nothing but health', async () => {
  const problem = {
    type: 'urn:quantivista:problem:unauthenticated',
    title: 'A valid token is needed',
    status: 401,
  };
  const refused = JSON.stringify({ ...problem, detail: problem.title });
  for (const { url } of doors()) {
    for (const path of ['/livez', '/readyz']) expect((await fetch(url + path)).status, path).toBe(200);
    const api = network.api({ url } as never);
    const { body } = await api.request<{ paths: Record<string, object> }>('GET', '/openapi.json');
    const operations = [
      '/status',
      '/metrics',
      '/openapi.json',
      '/',
      '/nothing',
      '/api/v1/nothing',
      '/ofrep/v1/x',
    ];
    const paths = [
      ...Object.entries(body.paths),
      ...operations.map((path): [string, object] => [path, { get: {}, post: {}, options: {} }]),
    ];
    expect(paths.length).toBeGreaterThan(5);
    for (const [path, methods] of paths) {
      for (const method of Object.keys(methods)) {
        const target = path
          .replace('{service_name}', 'risk')
          .replace('{config_key}', 'limit')
          .replace('{environment}', 'TEST')
          .replace('{pattern}', 'limit')
          .replace('{revision}', '1')
          .replace('{region}', 'x')
          .replace('{id}', method === 'delete' ? '0000000000000000' : '019abcde-0000-7000-8000-000000000000')
          .replace(/\{\w+\}/g, 'name');
        const query = '?environment=TEST&service_name=risk&since=x';
        const response = await fetch(url + target + query, {
          method: method.toUpperCase(),
          ...(method !== 'get' && {
            headers: { 'content-type': 'application/json' },
            body: method === 'delete' ? null : '{}',
          }),
        });
        // The question that a browser asks first, of what OFREP lets pages do.
        if (method === 'options' && target.startsWith('/ofrep/')) continue;
        expect(response.status, `${method} ${target}`).toBe(401);
        // The same whatever was asked for, and whether or not it is there.
        const text = await response.text();
        if (target.startsWith('/ofrep/')) expect(text).toContain(problem.title);
        else expect(text).toBe(refused);
        expect([...response.headers.keys()].filter(name => name.startsWith('x-config-'))).toEqual([]);
      }
    }
  }
});

test('what was denied is on record, without tokens, and repeated denials are counted', async () => {
  const admin = network.api(network.authority);
  const { body: made } = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', {
    body: { name: 'mallory', permissions: ['read'], scopes: { services: ['orders'] } },
  });
  const api = network.api(network.authority, made.token);
  for (let count = 0; count < 50; count++) expect((await api.get('risk', 'limit')).status).toBe(403);
  type Denials = {
    denials: { caller: string; times: number; resource: string; why: string; action: string }[];
  };
  const denials = await until(
    async () => {
      const path = '/api/v1/access/denials?caller=mallory';
      const { body } = await admin.request<Denials>('GET', path);
      return body.denials.reduce((sum, { times }) => sum + times, 0) >= 50 ? body.denials : undefined;
    },
    { what: 'the denials to be on record' },
  );
  expect(denials.length).toBeLessThan(50);
  expect(denials[0]).toMatchObject({
    caller: 'mallory',
    action: 'read',
    resource: 'PRODUCTION/risk/limit',
    why: 'no grant of read covers it',
  });
  expect((await api.request('GET', '/api/v1/access/denials')).status).toBe(403);
  const all = await admin.request<Denials>('GET', '/api/v1/access/denials?limit=1000');
  expect(JSON.stringify(all.body)).not.toMatch(/qvt_|eyJ/);
  expect(all.body.denials.some(({ caller, why }) => caller === '' && why === 'an unknown token')).toBe(true);
  const metrics = (await admin.request<string>('GET', '/metrics')).body;
  expect(metrics).toMatch(/qv_denied_total\{kind="forbidden"\} [1-9]/);
  for (const node of network.serving)
    expect((await network.api(node).request<string>('GET', '/metrics')).body).toMatch(
      /qv_node_denied_total\{kind="unauthenticated"\} [1-9]/,
    );
});
