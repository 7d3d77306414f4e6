/** What is sent, against receivers in this process. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, expect, test } from 'vitest';
import { createAgent } from './connector.ts';
import { createSender, retryAfter } from './sender.ts';
import { createSigningSecret } from './signature.ts';
import { createTargets } from './targets.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function receive(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  endings.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

const event = {
  specversion: '1.0',
  id: '0190d8c6-0000-7000-8000-000000000001',
  source: 'urn:test',
  type: 't',
  subject: 's',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  revision: '1',
  sequence: '1',
  generation: '0190d8c6-0000-7000-8000-000000000002',
  data: { text: 'ä' },
} as const;
const secrets = [createSigningSecret(), createSigningSecret()];

function sender(allow: string[], addresses = ['127.0.0.1'], timeoutMs = 5_000) {
  let looked = 0;
  const agent = createAgent({
    targets: createTargets(allow),
    // Another answer each time, as one who rebinds a name gives it.
    lookup: async () => [{ address: addresses[Math.min(looked++, addresses.length - 1)]!, family: 4 }],
    connectTimeoutMs: 1_000,
  });
  endings.push(() => agent.destroy());
  const { send } = createSender(agent, timeoutMs);
  return { send: (url: string) => send({ url, event, secrets }), looked: () => looked };
}

test('each secret has signed, as the public library sees it', async () => {
  const came: { body: string; headers: Record<string, string> }[] = [];
  const port = await receive(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    came.push({ body, headers: request.headers as Record<string, string> });
    response.writeHead(200).end('x'.repeat(1_000_000));
  });
  const received = await sender(['127.0.0.1']).send(`http://127.0.0.1:${port}/`);
  expect(received).toMatchObject({ delivered: true, status: 200, error: undefined });
  const { body, headers } = came[0]!;
  for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual(event);
  expect(() => new Webhook(createSigningSecret()).verify(body, headers)).toThrow();
  expect(headers['webhook-id']).toBe(event.id);
});

test('a name that leads to this machine is not connected to', async () => {
  let asked = 0;
  const port = await receive((_, response) => {
    asked++;
    response.end();
  });
  expect(await sender([]).send(`http://hooks.example.com:${port}/`)).toMatchObject({
    delivered: false,
    error: 'hooks.example.com leads to an address that is not public',
  });
  expect(await sender([]).send(`http://127.0.0.1:${port}/`)).toMatchObject({ delivered: false });
  expect(asked).toBe(0);
});

test('a name is looked up once a connection: what was judged is what is connected to', async () => {
  const port = await receive((_, response) => void response.end());
  const { send, looked } = sender(['127.0.0.1'], ['127.0.0.1', '127.0.0.2']);
  expect(await send(`http://hooks.example.com:${port}/`)).toMatchObject({ delivered: true });
  expect(looked()).toBe(1);
});

test('redirects are answers like others, and a silent receiver is given up', async () => {
  let followed = 0;
  const port = await receive((request, response) => {
    if (request.url === '/silent') return;
    if (request.url === '/inner') followed++;
    response.writeHead(302, { location: '/inner', 'retry-after': '7' }).end();
  });
  const { send } = sender(['127.0.0.1'], [], 300);
  const answered = { delivered: false, status: 302, error: 'it answered 302', retryAfterMs: 7_000 };
  expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject(answered);
  expect(followed).toBe(0);
  expect(await send(`http://127.0.0.1:${port}/silent`)).toMatchObject({ error: 'no answer in time' });
});

test.each([
  ['3', 3_000],
  ['0', 0],
  ['999999', 3_600_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 60_000],
  ['Wed, 31 Dec 1969 00:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After %s is %s ms', (header, ms) => {
  expect(retryAfter(header, 0)).toBe(ms);
});
