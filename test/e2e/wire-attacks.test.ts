/**
 * What is sent to the doors by hand: requests that two parsers would read differently, those that are too large or
 * never end, and what a browser could be made to send. At the authority and at a node on each runtime.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CreatedToken } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { exchange, openRaw, type RawConnection, statusesOf } from '../harness/raw-http.ts';

const PAGE = 'https://app.example.com';
const PATH = '/api/v1/config/risk/limit?environment=PRODUCTION';

let network: TestNetwork;
beforeAll(async () => {
  const limits = {
    CALLER_REQUESTS_PER_S: '30',
    STRANGER_REQUESTS_PER_S: '20',
    HEADERS_TIMEOUT_MS: '1500',
    REQUEST_TIMEOUT_MS: '3000',
    LOG_LEVEL: 'trace',
  };
  network = await startTestNetwork({
    regionNames: ['eu-west'],
    runtime: ['bun', 'node'],
    reads: 'token',
    authorityEnv: limits,
    nodeEnv: { ...limits, STREAM_ORIGINS: PAGE, OFREP_ORIGINS: PAGE },
  });
  const { revision } = await network.api(network.authority).put('risk', 'limit', 1);
  for (const node of network.serving)
    await network.api(node).list('risk', { query: { min_revision: revision } });
});
afterAll(() => network?.stop());

const doors = () => [network.authority, ...network.serving];
const authorized = () => `host: x\r\nauthorization: Bearer ${network.token}\r\n`;
const reads = async (door: Component) =>
  expect((await network.api(door).get('risk', 'limit')).status).toBe(200);

/** Smuggled, if anything takes it for a request of its own. */
const SECOND = () => `GET ${PATH} HTTP/1.1\r\n${authorized()}\r\n`;
const post = (headers: string, body: string) => () =>
  `POST /api/v1/config/ack HTTP/1.1\r\n${authorized()}content-type: application/json\r\n${headers}\r\n${body}`;
const get = (headers: string) => () => `GET ${PATH} HTTP/1.1\r\n${authorized()}${headers}\r\n`;

describe('a request is refused, and what follows it is no request', () => {
  test.each<[string, () => string]>([
    ['with a length and chunks', post('content-length: 5\r\ntransfer-encoding: chunked\r\n', '0\r\n\r\n')],
    ['with chunks and a length', post('transfer-encoding: chunked\r\ncontent-length: 5\r\n', '0\r\n\r\n')],
    ['with two lengths', post('content-length: 5\r\ncontent-length: 6\r\n', 'abcdef')],
    ['with a list of lengths', post('content-length: 5, 6\r\n', 'abcdef')],
    ['with a length that has a sign', post('content-length: +5\r\n', 'abcde')],
    ['with a length below nothing', post('content-length: -5\r\n', 'abcde')],
    ['with a length in hexadecimal', post('content-length: 0x5\r\n', 'abcde')],
    ['with an encoding that is not known', post('transfer-encoding: xchunked\r\n', '0\r\n\r\n')],
    ['with an encoding after chunks', post('transfer-encoding: chunked, identity\r\n', '0\r\n\r\n')],
    ['with a space before a colon', post('transfer-encoding : chunked\r\n', '0\r\n\r\n')],
    [
      'with a size of a chunk that is none',
      post('transfer-encoding: chunked\r\n', 'zz\r\nabcde\r\n0\r\n\r\n'),
    ],
    [
      "with a line feed in a chunk's extension",
      post('transfer-encoding: chunked\r\n', '5;a\nb\r\nabcde\r\n0\r\n\r\n'),
    ],
    ['with a folded header', get('x-a: b\r\n c\r\n')],
    ['with NUL in a header', get('x-a: b\0c\r\n')],
    ['with a bare CR in a header', get('x-a: b\rx-evil: 1\r\n')],
    ['with line feeds alone', () => `GET ${PATH} HTTP/1.1\nhost: x\n\n`],
    ['with headers that are too large', get(`x-a: ${'x'.repeat(20_000)}\r\n`)],
    ['with too many headers', get('x-a: b\r\n'.repeat(2_500))],
    [
      'with a URL that is too long',
      () => `GET ${PATH}&x=${'x'.repeat(40_000)} HTTP/1.1\r\n${authorized()}\r\n`,
    ],
    ['without a host', () => `GET ${PATH} HTTP/1.1\r\nauthorization: Bearer ${network.token}\r\n\r\n`],
  ])('%s', async (_, make) => {
    for (const door of doors()) {
      const received = await exchange(door.url, make() + SECOND());
      const [status = 0, ...more] = statusesOf(received);
      expect([door.name, status >= 400 && status < 506, more]).toEqual([door.name, true, []]);
      expect(received).not.toMatch(/x-evil|config_value|Error:| at /i);
    }
    await Promise.all(doors().map(reads));
  });

  test('a body that is too large, with its length and without', async () => {
    const large = 'x'.repeat(100_000);
    const chunk = `${large.length.toString(16)}\r\n${large}\r\n`;
    for (const door of doors()) {
      const at = door === network.authority ? '/api/v1/config/batch' : '/api/v1/config/ack';
      const head = `POST ${at} HTTP/1.1\r\n${authorized()}content-type: application/json\r\n`;
      for (const [said, body] of [
        [`content-length: ${50 * large.length}`, large.repeat(50)],
        ['transfer-encoding: chunked', `${chunk.repeat(50)}0\r\n\r\n`],
      ]) {
        const connection = await openRaw(door.url);
        connection.send(`${head}${said}\r\n\r\n${body}`);
        await until(() => connection.received !== '' || connection.closed, { what: 'an answer' });
        // Closed under the sender it may break, and its answer with it.
        expect([[], [413]]).toContainEqual(statusesOf(connection.received).slice(0, 1));
        connection.drop();
      }
      await reads(door);
    }
  });
});

test('clients that send a byte now and then lose their connections, and nobody else notices', async () => {
  const body = `PUT ${PATH} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 500\r\n`;
  const slow: { readonly door: Component; readonly connection: RawConnection }[] = [];
  for (const door of doors()) {
    const ack = body.replace(/^PUT \S+/, 'POST /api/v1/config/ack');
    const bodies = `${door === network.authority ? body : ack}${authorized()}\r\n`;
    for (let count = 0; count < 20; count++) {
      const headers = await openRaw(door.url);
      headers.send(`GET ${PATH} HTTP/1.1\r\nx-slow: `);
      const silent = await openRaw(door.url);
      const inBody = await openRaw(door.url);
      inBody.send(bodies);
      for (const connection of [headers, silent, inBody]) slow.push({ door, connection });
    }
  }
  const trickle = setInterval(() => {
    for (const [index, { connection }] of slow.entries()) if (index % 3 !== 1) connection.send('x');
  }, 500);
  try {
    let rounds = 0;
    await until(
      async () => {
        await Promise.all(doors().map(reads));
        rounds++;
        return slow.every(({ connection }) => connection.closed);
      },
      { what: 'the slow ones to be closed', timeoutMs: 40_000, intervalMs: 100 },
    );
    expect(rounds).toBeGreaterThan(10);
  } finally {
    clearInterval(trickle);
    for (const { connection } of slow) connection.drop();
  }
  for (const { connection } of slow)
    expect([[], [400], [408]]).toContainEqual(statusesOf(connection.received));
}, 60_000);

test('a line break in what is echoed begins no header', async () => {
  const evil = '%0d%0ax-evil:%201';
  const admin = `authorization: Bearer ${network.token}\r\nhost: x\r\nconnection: close\r\n`;
  for (const door of doors()) {
    for (const path of [
      `${PATH}&at=1${evil}`,
      `/api/v1/config/risk${evil}?environment=PRODUCTION`,
      `/api/v1/config/watch/risk?environment=PRODUCTION&instance_id=a${evil}`,
      `/api/v1/config/stream/risk?environment=PRODUCTION&since=${evil}`,
      `/api/v1/proposals/${evil}`,
      `/nothing${evil}`,
    ])
      expect(await exchange(door.url, `GET ${path} HTTP/1.1\r\n${admin}\r\n`)).not.toMatch(/^x-evil/im);
    for (const name of [
      'if-none-match',
      'prefer',
      'x-request-id',
      'last-event-id',
      'origin',
      'traceparent',
    ]) {
      const text = `GET ${PATH} HTTP/1.1\r\n${admin}${name}: a\u0085${evil}\r\n\r\n`;
      expect(await exchange(door.url, text)).not.toMatch(/^x-evil/im);
    }
  }
});

describe('a page of another origin', () => {
  const open = (url: string, origin: string | undefined, path: string) =>
    new Promise<number>((resolve, reject) => {
      const socket = new WebSocket(url.replace('http', 'ws') + path, {
        ...(origin !== undefined && { origin }),
        headers: { authorization: `Bearer ${network.token}` },
      });
      socket.on('open', () => {
        socket.terminate();
        resolve(101);
      });
      socket.on('unexpected-response', (request, { statusCode = 0 }) => {
        request.destroy();
        resolve(statusCode);
      });
      socket.on('error', reject);
    });

  test('opens no stream, whatever its browser adds by itself; one that is allowed does, and so does no page', async () => {
    for (const { url } of network.serving) {
      for (const [origin, status] of [
        ['https://evil.example', 403],
        ['null', 403],
        [url, 403],
        [`${PAGE}.evil.example`, 403],
        [PAGE, 200],
        [undefined, 200],
      ] as const) {
        const watch = '/api/v1/config/watch/risk?environment=PRODUCTION';
        expect([origin, await open(url, origin, watch)]).toEqual([origin, status === 200 ? 101 : 403]);
        for (const path of [watch.replace('watch', 'stream'), '/ofrep/v1/events']) {
          const headers = {
            authorization: `Bearer ${network.token}`,
            ...(origin !== undefined && { origin }),
          };
          const answer = await fetch(url + path, { headers });
          await answer.body?.cancel();
          expect([path, origin, answer.status]).toEqual([path, origin, status]);
          const allowed = answer.headers.get('access-control-allow-origin');
          expect([path, origin, allowed]).toEqual([path, origin, origin === PAGE ? PAGE : null]);
        }
      }
    }
  });

  test('may ask for nothing but what OFREP lets it', async () => {
    for (const { url } of doors()) {
      for (const origin of ['https://evil.example', PAGE]) {
        const asked = await fetch(url + PATH, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'PUT',
            'access-control-request-headers': 'authorization',
          },
        });
        expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([401, null]);
        const headers = { origin, authorization: `Bearer ${network.token}` };
        const read = await fetch(url + PATH, { headers });
        expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, null]);
      }
    }
  });
});

test('every answer says that it is nothing but what it says it is', async () => {
  const headers = { authorization: `Bearer ${network.token}` };
  for (const { url } of doors()) {
    for (const path of [
      '/livez',
      '/status',
      '/nothing',
      PATH,
      `${PATH}&min_revision=1`,
      '/api/v1/config/risk',
    ])
      for (const sent of [headers, {}])
        expect((await fetch(url + path, { headers: sent })).headers.get('x-content-type-options'), path).toBe(
          'nosniff',
        );
    const { headers: slow } = await fetch(`${url}/status`, { headers });
    expect(slow.get('content-security-policy')).toContain("default-src 'none'");
    // Not without TLS.
    expect(slow.get('strict-transport-security')).toBeNull();
  }
});

test('a token in a URL is refused, by name, and written down nowhere', async () => {
  const { body } = await network
    .api(network.authority)
    .request<CreatedToken>('POST', '/api/v1/access/tokens', {
      body: { name: 'careless', permissions: ['read'] },
    });
  const { token } = body;
  for (const door of doors()) {
    const paths = [PATH, '/status?', '/nothing?', '/api/v1/config/stream/risk?environment=PRODUCTION'];
    if (door !== network.authority) paths.push('/ofrep/v1/events?');
    for (const path of paths) {
      for (const name of ['token', 'access_token']) {
        const answer = await network.api(door).request('GET', `${path}&${name}=${token}`);
        expect([path, answer.status]).toEqual([path, 400]);
        expect(JSON.stringify(answer.body)).toContain(`query.${name}`);
        expect(JSON.stringify(answer.body)).not.toContain(token);
      }
    }
    expect(await open(door.url, token)).toBe(400);
  }
  const logs = readdirSync(network.dir).filter(name => name.endsWith('.log'));
  expect(logs.length).toBeGreaterThan(2);
  for (const name of logs) expect(readFileSync(join(network.dir, name), 'utf8')).not.toContain(token);

  async function open(url: string, shown: string): Promise<number | undefined> {
    const upgrade = `connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${'A'.repeat(22)}==\r\n`;
    const connection = await openRaw(url);
    const path = `/api/v1/config/watch/risk?environment=PRODUCTION&access_token=${shown}`;
    connection.send(`GET ${path} HTTP/1.1\r\nhost: x\r\n${upgrade}\r\n`);
    await until(() => connection.received !== '', { what: 'the answer' });
    connection.drop();
    return statusesOf(connection.received)[0];
  }
});

test('who comes too often is told to wait, and nobody else', async () => {
  const admin = network.api(network.authority);
  const body = { name: 'greedy', permissions: ['read'] };
  const { body: made, revision } = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', {
    body,
  });
  for (const node of network.serving)
    await network.api(node).list('risk', { query: { min_revision: revision } });
  for (const door of doors()) {
    const flood = async (token: string | undefined, path: string) => {
      const answers: Record<number, number> = {};
      for (let round = 0; round < 20; round++) {
        const asked = Array.from({ length: 50 }, async () => {
          const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
          const answer = await fetch(door.url + path, { headers });
          answers[answer.status] = (answers[answer.status] ?? 0) + 1;
          if (answer.status !== 429) return void (await answer.body?.cancel());
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
          expect(await answer.json()).toMatchObject({ type: 'urn:quantivista:problem:rate_limited' });
        });
        await Promise.all(asked);
        if (answers[429]) return answers;
      }
      return answers;
    };
    // What takes the fast lane, what does not, tokens that nobody has, a JWT of nobody, and no token.
    for (const [token, path, status] of [
      [made.token, PATH, 200],
      [made.token, `${PATH}&min_revision=1`, 200],
      [`qvt_${'A'.repeat(43)}`, PATH, 401],
      ['eyJhbGciOiJFUzI1NiJ9.e30.AAAA', PATH, 401],
      [undefined, '/nothing', 401],
    ] as const) {
      const answers = await flood(token, path);
      expect([
        door.name,
        path,
        Object.keys(answers).every(each => [status, 429].includes(Number(each))),
      ]).toEqual([door.name, path, true]);
      expect(answers[429], `${door.name} ${path}`).toBeGreaterThan(0);
      // From the same address.
      await reads(door);
    }
    const { body: metrics } = await network.api(door).request<string>('GET', '/metrics');
    for (const of of ['callers', 'strangers'])
      expect(metrics).toMatch(new RegExp(`^qv_(node_)?rate_limited_total\\{of="${of}"\\} [1-9]`, 'm'));
    // And only for a while.
    await until(async () => (await network.api(door, made.token).get('risk', 'limit')).status === 200, {
      what: 'the greedy one to be let in again',
    });
  }
});
