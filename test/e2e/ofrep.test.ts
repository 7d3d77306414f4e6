/** OFREP against a whole network, at nodes of both runtimes. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { CreatedToken, Evaluated, OfrepBulk, OfrepFailure, OfrepSuccess } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { openNotices } from '../harness/notices.ts';

let network: TestNetwork;
let authority: Api;
/** The last revision written before the tests. */
let revision: number;

const FLAGS = '/ofrep/v1/evaluate/flags';
const RUNTIMES = ['bun', 'node'] as const;
type RuntimeName = (typeof RUNTIMES)[number];
const nodeOf = (runtime: RuntimeName) => network.api(network.serving[RUNTIMES.indexOf(runtime)]!);

beforeAll(async () => {
  network = await startTestNetwork({
    runtime: [...RUNTIMES],
    reads: 'token',
    nodeEnv: {
      WATCH_HEARTBEAT_MS: '200',
      OFREP_ORIGINS: 'https://app.example.com',
    },
  });
  authority = network.api(network.authority);
  await put('plain', { enabled: true, rollout_percentage: 100 });
  await put('half', { enabled: true, rollout_percentage: 50 });
  await put('for-risk', { enabled: true, rollout_percentage: 100, target_services: ['risk'] });
  await put('swiss', { enabled: true, rollout_percentage: 100, conditions: { 'user.country': 'CH' } });
  await put('text', {
    enabled: true,
    rollout_percentage: 100,
    variants: { on: 'yes', off: 'no' },
    value_type: 'string',
    metadata: { owner: 'risk' },
  });
  revision = (await put('gone', { enabled: true, rollout_percentage: 100, archived: true })).revision;
  for (const runtime of RUNTIMES) await bulk(nodeOf(runtime), {}, `?min_revision=${revision}`);
});
afterAll(() => network.stop());

const put = (name: string, body: object) =>
  authority.request('PUT', `/api/v1/feature-flags/${name}`, { body });
const one = <T = OfrepSuccess>(node: Api, key: string, body: unknown, query = '', headers = {}) =>
  node.request<T>('POST', `${FLAGS}/${key}${query}`, { body, headers });
const bulk = (node: Api, body: unknown, query = '', headers = {}) =>
  node.request<OfrepBulk>('POST', FLAGS + query, { body, headers });
const token = async (body: object) => {
  const made = await authority.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
  return { ...made.body, revision: made.revision };
};

describe.each(RUNTIMES)('a node on %s', runtime => {
  let node: Api;
  beforeAll(() => {
    node = nodeOf(runtime);
  });

  test('answers one flag', async () => {
    const answer = await one(node, 'plain', { context: { targetingKey: 'u1' } });
    expect([answer.status, answer.body]).toEqual([
      200,
      { key: 'plain', reason: 'STATIC', value: true, variant: 'on', metadata: {} },
    ]);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.revision).toBeGreaterThanOrEqual(revision);
    expect(answer.headers.get('x-config-age')).toMatch(/^\d+\.\d{3}$/);
    expect((await one(node, 'text', {})).body).toEqual({
      key: 'text',
      reason: 'STATIC',
      value: 'yes',
      variant: 'on',
      metadata: { owner: 'risk' },
    });
    const archived = await one(node, 'gone', {});
    expect([archived.status, archived.body]).toMatchObject([
      200,
      { value: false, variant: 'off', reason: 'DISABLED' },
    ]);
    expect((await one(node, 'swiss', { context: { user: { country: 'CH' } } })).body.value).toBe(true);
    expect((await one(node, 'swiss', { context: { user: { country: 'AT' } } })).body.value).toBe(false);
  });

  test('who has no targeting key is out of a share', async () => {
    for (const body of [undefined, {}, { context: {} }, { context: null }]) {
      const answer = await one(node, 'half', body);
      expect([answer.status, answer.body]).toMatchObject([200, { value: false, reason: 'DEFAULT' }]);
    }
    const values = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const { body } = await one(node, 'half', { context: { targetingKey: `user-${n}` } });
        expect(body.reason).toBe('SPLIT');
        return body.value;
      }),
    );
    expect(new Set(values)).toEqual(new Set([true, false]));
  });

  test('a flag that is not there is not found, whatever it is called', async () => {
    for (const name of ['nothing', '__proto__', 'a%2Fb', 'a/b', '%zz', 'constructor', '']) {
      const answer = await one<OfrepFailure>(node, name, {});
      expect([answer.status, answer.body]).toEqual([
        404,
        { key: expect.any(String), errorCode: 'FLAG_NOT_FOUND', errorDetails: expect.any(String) },
      ]);
    }
    expect((await one(node, 'pl%61in', {})).body.key).toBe('plain');
  });

  test('takes a token in either header, and tells why it takes no other', async () => {
    const ask = async (headers: Record<string, string>) => {
      const answer = await fetch(`${node.url}${FLAGS}/plain`, { method: 'POST', headers, body: '{}' });
      return [answer.status, await answer.json()];
    };
    expect(await ask({ 'x-api-key': network.token })).toMatchObject([200, { value: true }]);
    const details = { key: 'plain', errorCode: 'GENERAL', errorDetails: expect.any(String) };
    expect(await ask({})).toEqual([401, details]);
    expect(await ask({ 'x-api-key': 'qvt_x' })).toEqual([401, details]);
    const approver = await token({ name: 'approver', permissions: ['approve'] });
    await bulk(node, {}, `?min_revision=${approver.revision}`);
    expect(await ask({ authorization: `Bearer ${approver.token}` })).toEqual([403, details]);
  });

  test("a token's service stands above the context's", async () => {
    const made = await token({ name: 'risk', permissions: ['read'], service: 'risk' });
    expect(made.service).toBe('risk');
    await bulk(node, {}, `?min_revision=${made.revision}`);
    const valueFor = async (context: object, of?: string) => {
      const headers = of === undefined ? {} : { authorization: `Bearer ${of}` };
      return (await one(node, 'for-risk', { context }, '', headers)).body.value;
    };
    expect(await valueFor({})).toBe(false);
    expect(await valueFor({ service: 'risk' })).toBe(true);
    expect(await valueFor({}, made.token)).toBe(true);
    expect(await valueFor({ service: 'shop' }, made.token)).toBe(true);
  });

  test('all flags come at once, and once', async () => {
    const context = { targetingKey: 'u1', user: { country: 'CH', plan: 'pro' } };
    const first = await bulk(node, { context });
    expect(first.status).toBe(200);
    expect(first.body.metadata).toEqual({});
    const flags = new Map(first.body.flags.map(flag => [flag.key, flag]));
    for (const name of ['plain', 'half', 'for-risk', 'swiss', 'text', 'gone'])
      expect(flags.get(name)).toEqual((await one(node, name, { context })).body);
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[^"]+"$/);

    const again = (changed: object, tag = etag) =>
      bulk(node, { context: changed }, '', { 'if-none-match': tag });
    const same = await again({ user: { plan: 'pro', country: 'CH' }, targetingKey: 'u1' });
    expect([same.status, same.body, same.headers.get('etag')]).toEqual([304, undefined, etag]);
    expect((await again(context, `W/${etag}`)).status).toBe(304);
    // None of the flags asks for it, but it is another context.
    expect((await again({ ...context, targetingKey: 'u2' })).status).toBe(200);
    expect((await again({ ...context, more: 1 })).status).toBe(200);
    expect((await again({ ...context, user: { country: 'CH', plan: 'free' } })).status).toBe(200);

    const other = await bulk(nodeOf(runtime === 'bun' ? 'node' : 'bun'), { context });
    expect(other.headers.get('etag')).toBe(etag);
    const { revision } = await put(`new-${runtime}`, { enabled: true, rollout_percentage: 100 });
    const changed = await bulk(node, { context }, `?min_revision=${revision}`, { 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.body.flags.map(({ key }) => key)).toContain(`new-${runtime}`);
  });

  test.each([
    ['POST', `${FLAGS}/plain`, '{}'],
    ['GET', '/api/v1/feature-flags/risk', ''],
  ])('answers a %s with an offer of HTTP/2, as any other', async (method, path, body) => {
    const headers = {
      authorization: `Bearer ${network.token}`,
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA',
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const asked = request(node.url + path, { method, headers }).end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect([answer.statusCode, JSON.parse(await text(answer))]).toEqual([200, expect.anything()]);
  });

  test('asks for a state as other reads do', async () => {
    const { body, status } = await one<OfrepFailure>(node, 'plain', {}, '?max_age=0');
    expect([status, body.errorCode]).toEqual([503, 'GENERAL']);
    const wrong = await one<OfrepFailure>(node, 'plain', {}, '?min_revision=x');
    expect([wrong.status, wrong.body.errorDetails]).toEqual([
      400,
      expect.stringContaining('query.min_revision'),
    ]);
    const { revision } = await put('plain', { description: `of ${runtime}` });
    expect((await one(node, 'plain', {}, `?min_revision=${revision}`)).revision).toBeGreaterThanOrEqual(
      revision,
    );
  });

  test('answers pages of the origins that are allowed', async () => {
    const ask = async (method: string, origin: string, path = `${FLAGS}/plain`) => {
      const { status, headers } = await fetch(node.url + path, { method, headers: { origin } });
      return [status, headers.get('access-control-allow-origin')];
    };
    const allowed = 'https://app.example.com';
    expect(await ask('OPTIONS', allowed)).toEqual([204, allowed]);
    // Errors too: a page is to see them.
    expect(await ask('POST', allowed)).toEqual([401, allowed]);
    expect(await ask('GET', allowed, '/ofrep/v1/events')).toEqual([401, allowed]);
    expect(await ask('OPTIONS', 'https://evil.example.com')).toEqual([204, null]);
    expect(await ask('POST', 'https://evil.example.com')).toEqual([401, null]);
    const { headers } = await fetch(node.url + FLAGS, { method: 'OPTIONS', headers: { origin: allowed } });
    for (const name of ['If-None-Match', 'Content-Type', 'Authorization', 'X-API-Key'])
      expect(headers.get('access-control-allow-headers')).toContain(name);
    for (const name of ['ETag', 'Retry-After'])
      expect(headers.get('access-control-expose-headers')).toContain(name);
  });

  test('other methods and paths are answered in its form', async () => {
    const got = await node.request<OfrepFailure>('GET', `${FLAGS}/plain`);
    expect([got.status, got.headers.get('allow'), got.body.errorCode]).toEqual([
      405,
      'POST, OPTIONS',
      'GENERAL',
    ]);
    expect((await node.request<OfrepFailure>('POST', '/ofrep/v1/elsewhere', { body: {} })).body).toEqual({
      errorCode: 'GENERAL',
      errorDetails: expect.any(String),
    });
  });

  test('says why a flag answers what it answers', async () => {
    const ask = (name: string, body: object, query = '?explain=true') =>
      node.request<Evaluated>('POST', `/api/v1/feature-flags/${name}/evaluate${query}`, { body });
    const half = await ask('half', { context: { targetingKey: 'u1' } });
    expect(half.body).toEqual({
      flag_name: 'half',
      value: (await one(node, 'half', { context: { targetingKey: 'u1' } })).body.value,
      variant: expect.any(String),
      reason: 'SPLIT',
      steps: [
        {
          at: 'rollout_percentage',
          by: 'targetingKey',
          key: 'u1',
          bucket: expect.any(Number),
          total: 100_000,
          on: 50_000,
        },
      ],
    });
    const swiss = await ask('swiss', { context: { user: { country: 'AT' } } });
    expect(swiss.body.steps).toEqual([{ at: 'conditions.user.country', met: false }]);
    expect((await ask('swiss', {}, '')).body).toEqual({
      flag_name: 'swiss',
      value: false,
      variant: 'off',
      reason: 'DEFAULT',
    });
    const missing = await ask('nothing', {});
    expect([missing.status, missing.problem.type]).toEqual([404, 'urn:quantivista:problem:flag_not_found']);
    const wrong = await ask('half', { context: [] });
    expect([wrong.status, wrong.problem.errors?.[0]?.field]).toEqual([400, 'body.context']);
  });

  test('is described', async () => {
    const { body } = await node.request<{ paths: object }>('GET', '/openapi.json');
    for (const path of [
      FLAGS,
      `${FLAGS}/{key}`,
      '/ofrep/v1/events',
      '/api/v1/feature-flags/{flag_name}/evaluate',
    ])
      expect(Object.keys(body.paths)).toContain(path);
  });

  describe('its events', () => {
    const notices = async (of = network.token) => {
      const { body } = await bulk(node, {}, '', { authorization: `Bearer ${of}` });
      const [stream] = body.eventStreams;
      expect(stream).toMatchObject({ type: 'sse', inactivityDelaySec: 120 });
      return stream!.endpoint.requestUri;
    };

    test('one comes at once, one after each change, and beats in between; any node takes the ticket', async () => {
      const uri = await notices();
      expect(uri).not.toContain(network.token);
      const streams = network.serving.map(({ url }) => openNotices(url + uri));
      try {
        for (const stream of streams) {
          const first = await stream.next();
          expect(first.data.type).toBe('refetchEvaluation');
          expect(first.event).toBe('message');
          expect(first.id).toMatch(/^[0-9a-f-]{36}:\d+$/);
          await until(() => stream.comments.includes('heartbeat'), { what: 'a heartbeat' });
        }
        const { revision } = await put('told', { description: `by ${runtime}` });
        for (const stream of streams) {
          const told = await stream.next();
          expect(Number(told.id.split(':')[1])).toBeGreaterThanOrEqual(revision);
          const answer = await bulk(node, {}, `?flagConfigEtag=${encodeURIComponent(told.data.etag)}`);
          expect(answer.revision).toBeGreaterThanOrEqual(revision);
        }
        await authority.put('shop', 'colour', runtime);
        await put('told', { description: `again by ${runtime}` });
        // The configuration was told to nobody.
        for (const stream of streams) await stream.next();
        expect(new Set(streams.map(({ received }) => received.length))).toEqual(new Set([3]));
      } finally {
        for (const stream of streams) stream.close();
      }
    });

    test('end with the token that they were asked with', async () => {
      const made = await token({ name: 'page', permissions: ['read'] });
      await bulk(node, {}, `?min_revision=${made.revision}`);
      const uri = await notices(made.token);
      const stream = openNotices(node.url + uri);
      await stream.next();
      const revoked = await authority.request('DELETE', `/api/v1/access/tokens/${made.id}`);
      expect(revoked.status).toBe(204);
      await stream.over();
      const after = await bulk(node, {}, `?min_revision=${revoked.revision}`);
      expect(after.status).toBe(200);
      expect((await fetch(node.url + uri)).status).toBe(401);
      expect((await bulk(node, {}, '', { authorization: `Bearer ${made.token}` })).status).toBe(401);
    });

    test('are for holders of a ticket alone', async () => {
      const uri = await notices();
      const statusOf = async (path: string) => {
        const answer = await fetch(node.url + path);
        expect(await answer.json()).toEqual({ errorCode: 'GENERAL', errorDetails: expect.any(String) });
        return answer.status;
      };
      const [id, expiry, signature] = uri.split('token=')[1]!.split('.');
      const later = (Number.parseInt(expiry!, 36) + 1).toString(36);
      for (const ticket of [
        '',
        '?token=',
        `?token=${id}.${later}.${signature}`,
        `?token=${id}.${expiry}.${signature!.slice(0, -2)}AA`,
        `?token=0000000000000000.${expiry}.${signature}`,
      ])
        expect(await statusOf(`/ofrep/v1/events${ticket}`)).toBe(401);
      // A token has no place in a URL.
      expect(await statusOf(`/ofrep/v1/events?token=${network.token}`)).toBe(400);
    });
  });
});
