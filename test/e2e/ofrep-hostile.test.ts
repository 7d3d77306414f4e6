/** Contexts that are sent to do harm, at nodes of both runtimes: each is answered, in OFREP's form, and changes nothing. */
import { connect } from 'node:net';
import type { OfrepFailure, OfrepSuccess } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
const FLAGS = '/ofrep/v1/evaluate/flags';

beforeAll(async () => {
  network = await startTestNetwork({
    regionNames: ['only'],
    runtime: ['bun', 'node'],
    reads: 'token',
    nodeEnv: { OFREP_BODY_TIMEOUT_MS: '500' },
  });
  const flag = { enabled: true, rollout_percentage: 100, conditions: { 'user.country': 'CH' } };
  const { revision } = await network
    .api(network.authority)
    .request('PUT', '/api/v1/feature-flags/swiss', { body: flag });
  for (const node of network.serving)
    await network.api(node).request('POST', `${FLAGS}?min_revision=${revision}`, { body: {} });
});
afterAll(() => network.stop());

describe.each(['bun', 'node'] as const)('a node on %s', runtime => {
  let node: Component;
  beforeAll(() => {
    node = network.serving[runtime === 'bun' ? 0 : 1]!;
  });

  const raw = async (
    body: string | Uint8Array<ArrayBuffer> | ReadableStream,
    headers: Record<string, string> = {},
  ) => {
    const answer = await fetch(`${node.url}${FLAGS}/swiss`, {
      method: 'POST',
      headers: { authorization: `Bearer ${network.token}`, ...headers },
      body,
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    } as RequestInit);
    return [answer.status, (await answer.json()) as OfrepSuccess & OfrepFailure] as const;
  };
  const MIB = 1024 * 1024;
  const swiss = '"user":{"country":"CH"}';
  const many = (count: number) => Array.from({ length: count }, (_, n) => `"k${n}":${n}`).join();

  test.each<[string, string | Uint8Array<ArrayBuffer>, number, string]>([
    ['a context of almost 1 MB', `{"context":{${swiss},"a":"${'x'.repeat(MIB - 60)}"}}`, 200, ''],
    ['an empty body', '', 200, ''],
    ['thousands of members', `{"context":{${swiss},${many(2_900)}}}`, 200, ''],
    ['a name twice', `{"context":{"user":1,${swiss}}}`, 200, ''],
    ['names of prototypes', `{"context":{"__proto__":{${swiss}},"constructor":{},${swiss}}}`, 200, ''],
    ['more than 1 MB', `{"context":{"a":"${'x'.repeat(MIB)}"}}`, 413, 'INVALID_CONTEXT'],
    ['100,000 levels', `{"context":{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`, 400, 'INVALID_CONTEXT'],
    ['100,000 levels that never close', '{"context":'.repeat(9e4), 400, 'INVALID_CONTEXT'],
    ['5,000 levels in a small body', `{"context":${'['.repeat(5e3)}`, 400, 'PARSE_ERROR'],
    ['60,000 members', `{"context":{${many(6e4)}}}`, 400, 'INVALID_CONTEXT'],
    ['80,000 empty lists', `{"context":{"a":[${'[],'.repeat(8e4)}1]}}`, 400, 'INVALID_CONTEXT'],
    ['a context that is a list', '{"context":[1]}', 400, 'INVALID_CONTEXT'],
    ['a context that is a text', '{"context":"a"}', 400, 'INVALID_CONTEXT'],
    ['a body that is a list', '[]', 400, 'INVALID_CONTEXT'],
    ['a body that is null', 'null', 400, 'INVALID_CONTEXT'],
    ['NaN', '{"context":{"a":NaN}}', 400, 'PARSE_ERROR'],
    ['Infinity', '{"context":{"a":-Infinity}}', 400, 'PARSE_ERROR'],
    ['no JSON', '{"context":', 400, 'PARSE_ERROR'],
    [
      'what is not UTF-8',
      new Uint8Array([...Buffer.from('{"context":{"a":"'), 0xff, 0x22, 0x7d, 0x7d]),
      400,
      'PARSE_ERROR',
    ],
  ])('%s', async (_, body, status, errorCode) => {
    const [answered, { key, errorCode: code, errorDetails, value }] = await raw(body);
    expect([answered, key, code ?? '']).toEqual([status, 'swiss', errorCode]);
    if (status === 200) expect(value).toBe(typeof body === 'string' && body.includes(swiss));
    else expect(errorDetails).not.toBe('');
  });

  test('a prototype that is sent is no attribute', async () => {
    const [, { value }] = await raw(`{"context":{"__proto__":{${swiss}}}}`);
    expect(value).toBe(false);
    expect(({} as { user?: unknown }).user).toBeUndefined();
  });

  test('a body that does not say how long it is', async () => {
    const chunks = (count: number) => {
      let left = count;
      return new ReadableStream({
        pull: controller => {
          if (left === 0) controller.enqueue(Buffer.from(`","user":{"country":"CH"}}}`));
          if (left-- === 0) return controller.close();
          controller.enqueue(Buffer.from('x'.repeat(64 * 1024)));
        },
        start: controller => controller.enqueue(Buffer.from('{"context":{"a":"')),
      });
    };
    expect(await raw(chunks(2))).toMatchObject([200, { value: true }]);
    expect(await raw(chunks(20))).toMatchObject([413, { errorCode: 'INVALID_CONTEXT' }]);
  });

  test('a body that never ends is not waited for', async () => {
    const { hostname, port } = new URL(node.url);
    const head = [
      `POST ${FLAGS}/swiss HTTP/1.1`,
      'host: node',
      `authorization: Bearer ${network.token}`,
      'content-length: 100',
    ].join('\r\n');
    const socket = connect(Number(port), hostname, () => socket.write(`${head}\r\n\r\n{`));
    let answered = '';
    socket.on('data', chunk => {
      answered += chunk;
    });
    try {
      await until(() => answered.includes('errorDetails'), { what: 'an answer', timeoutMs: 10_000 });
      expect(answered).toMatch(/^HTTP\/1\.1 408 /);
      expect(answered).toContain('"key":"swiss","errorCode":"GENERAL"');
      await until(() => socket.readableEnded || socket.destroyed, { what: 'the connection to end' });
    } finally {
      socket.destroy();
    }
  });
});
