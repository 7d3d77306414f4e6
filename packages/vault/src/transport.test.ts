import { execFile } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { inspect, promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTransport, type Transport, type TransportOptions } from './transport.ts';

const TOKEN = 'hvs.canary-token';
const CANARY = 'canary-value';
let answer: RequestListener;
let server: Server;
let transport: Transport;

const start = (options: Partial<TransportOptions> = {}) => {
  const { port } = server.address() as AddressInfo;
  transport = createTransport({ address: `http://127.0.0.1:${port}/`, ...options });
};
const send = (timeoutMs = 5_000, path = 'engine/data/a') =>
  transport.request(
    { method: 'POST', path, body: { plaintext: CANARY } },
    { token: TOKEN, deadline: performance.now() + timeoutMs },
  );

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  start();
});
afterEach(() => {
  transport.close();
  server.closeAllConnections();
  server.close();
  vi.unstubAllEnvs();
});

async function expectClean(failing: Promise<unknown>): Promise<string> {
  const error: Error = await failing.then(
    () => expect.unreachable(),
    error => error,
  );
  expect(error).toMatchObject({ code: 'secrets_unavailable' });
  expect(error.cause).toBeUndefined();
  const told = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }) + JSON.stringify(error);
  expect(told).not.toContain(CANARY);
  expect(told).not.toContain(TOKEN);
  return error.message;
}

test.each([200, 204, 400, 403, 404, 413, 429, 500, 503])(
  'an answer of status %i is an answer, at any path',
  async status => {
    answer = (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"errors":[]}');
    };
    const body = status === 204 ? undefined : { errors: [] };
    expect(await send()).toEqual({ status, body });
    // node-vault takes this path's errors for answers of the health check.
    expect(await send(5_000, 'engine/data/sys/health')).toEqual({ status, body });
  },
);

test('a request has the token and namespace that it was given, and nothing that the environment holds', async () => {
  for (const name of ['VAULT_TOKEN', 'VAULT_PREFIX', 'VAULT_NAMESPACE']) vi.stubEnv(name, '/environment');
  answer = ({ headers, url }, response) => {
    const { 'x-vault-token': token, 'x-vault-namespace': namespace } = headers;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ token, namespace, url }));
  };
  start();
  expect((await send()).body).toEqual({ token: TOKEN, url: '/v1/engine/data/a' });
  const login = { method: 'POST', path: 'auth/approle/login', body: {} } as const;
  const { body } = await transport.request(login, { deadline: performance.now() + 5_000 });
  expect(body).toEqual({ url: '/v1/auth/approle/login' });
  start({ namespace: 'trading/' });
  expect((await send()).body).toMatchObject({ namespace: 'trading/' });
});

test('nobody there, and what breaks off, are told by a code alone', async () => {
  answer = request => request.socket.destroy();
  expect(await expectClean(send())).toBe('Vault does not answer: ECONNRESET');
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  expect(await expectClean(send())).toBe('Vault does not answer: ECONNREFUSED');
});

test('a connection that was closed while it was idle is replaced', async () => {
  const seen = new WeakSet<object>();
  answer = ({ socket }, response) => {
    if (seen.has(socket)) return void socket.destroy();
    seen.add(socket);
    response.end('{}');
  };
  for (let times = 0; times < 5; times++) expect(await send()).toMatchObject({ status: 200 });
});

test('one that hangs, or answers byte by byte for ever, is given up in time', async () => {
  answer = () => {};
  await expectClean(send(50));
  answer = (_, response) => {
    const dripping = setInterval(() => response.write(' '), 5);
    response.once('close', () => clearInterval(dripping));
  };
  await expectClean(send(50));
});

test('more than a few at once wait for their turn, and give up in time', async () => {
  let inside = 0;
  let most = 0;
  answer = (_, response) => {
    most = Math.max(most, ++inside);
    setImmediate(() => {
      inside--;
      response.end('{}');
    });
  };
  await Promise.all(Array.from({ length: 200 }, () => send()));
  expect(most).toBeLessThanOrEqual(32);
  answer = () => {};
  const messages = await Promise.all(Array.from({ length: 100 }, () => expectClean(send(50))));
  expect(messages).toHaveLength(100);
});

const UNTOLD = `
  import { createTransport } from ${JSON.stringify(join(import.meta.dirname, 'transport.ts'))};
  const transport = createTransport({ address: 'http://127.0.0.1:1' });
  const call = { method: 'POST', path: 'a', body: { plaintext: '${CANARY}' } };
  await transport.request(call, { token: '${TOKEN}', deadline: 5_000 + performance.now() }).catch(() => {});
`;

test('what libraries tell where DEBUG is set holds neither value nor token', async () => {
  const args = ['--input-type=module', '-e', UNTOLD];
  const { stderr, stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, DEBUG: '*' },
  });
  expect(stderr + stdout).not.toContain(CANARY);
  expect(stderr + stdout).not.toContain(TOKEN);
});
