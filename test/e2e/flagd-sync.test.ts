/** flagd's document and its streams, at nodes of both runtimes: who may read, what is told, and how it ends. */
import { connect as connectHttp2 } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { CreatedToken } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { createSyncClient, decodeMessage, type SyncClient, type SyncStream } from '../harness/flagd-sync.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

const LIMIT_MS = 30_000;
const DOCUMENT = '/flagd/v1/flags.json';

let network: TestNetwork;
let authority: Api;
beforeAll(async () => {
  network = await startTestNetwork({
    runtime: ['bun', 'node'],
    reads: 'token',
    grpc: true,
    regionNames: ['eu-west'],
    moreRegions: [{ name: 'test-only', environments: ['TEST'] }],
    nodeEnv: { DRAIN_MS: '200', MAX_WAIT_MS: '15000' },
  });
  authority = network.api(network.authority);
});
afterAll(() => network.stop());

const put = async (name: string, body: object) => {
  const answer = await authority.request('PUT', `/api/v1/feature-flags/${name}`, {
    body,
    headers: { prefer: 'wait=20' },
  });
  expect(answer.status).toBe(200);
  return answer.revision;
};
const eventually = <T>(what: string, check: () => T | Promise<T>) =>
  until(check, { what, timeoutMs: LIMIT_MS });
const statusOf = async (node: Component) =>
  (await network.api(node).status()).body as { grpc_port: number; sync_streams: number };

async function withClient<T>(node: Component, use: (client: SyncClient) => Promise<T>): Promise<T> {
  const client = createSyncClient((await statusOf(node)).grpc_port);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
const began = (stream: SyncStream) => eventually('the first message', () => stream.messages[0]);
const ended = (stream: SyncStream) => eventually('the stream to end', () => stream.end);

describe('over HTTP', () => {
  test('every node answers the same bytes with the same tag, until a flag changes', async () => {
    const revision = await put('first', {
      enabled: true,
      rollout_percentage: 100,
      target_services: ['shop'],
    });
    const path = `${DOCUMENT}?min_revision=${revision}`;
    const answers = await Promise.all(
      network.serving.map(node => network.api(node).request<{ metadata: object }>('GET', path)),
    );
    const [first] = answers;
    for (const { status, headers, body } of answers) {
      expect([status, headers.get('cache-control'), headers.get('etag')]).toEqual([
        200,
        'no-cache',
        first!.headers.get('etag'),
      ]);
      expect(body).toEqual(first!.body);
      expect(body.metadata).toEqual({ flagSetId: 'quantivista', version: String(revision) });
    }
    const headers = { 'if-none-match': first!.headers.get('etag')! };
    for (const node of network.serving) {
      const again = await network.api(node).request('GET', DOCUMENT, { headers });
      expect([again.status, again.body, again.revision >= revision]).toEqual([304, undefined, true]);
    }
    await put('second', { enabled: true });
    for (const node of network.serving)
      expect((await network.api(node).request('GET', DOCUMENT, { headers })).status).toBe(200);
  });

  test('a service is answered with what is for it', async () => {
    const node = network.api(network.serving[0]!);
    const flagsOf = async (query: string) =>
      Object.keys((await node.request<{ flags: object }>('GET', DOCUMENT + query)).body.flags);
    await put('for_shop', { target_services: ['shop'] });
    expect(await flagsOf('?service=shop')).toContain('for_shop');
    expect(await flagsOf('?service=pricing&max_age=60')).not.toContain('for_shop');
    const refused = await node.request('GET', `${DOCUMENT}?service=a/b`);
    expect([refused.status, refused.problem.detail]).toEqual([400, expect.stringContaining('service')]);
  });

  test('takes a token', async () => {
    const response = await fetch(network.serving[0]!.url + DOCUMENT);
    expect(response.status).toBe(401);
  });
});

describe.each([0, 1])('over gRPC, at node %i', index => {
  const node = () => network.serving[index]!;

  test('a stream begins with all flags, and each change brings all of them again', async () => {
    await put(`told_${index}`, { enabled: false });
    await withClient(node(), async client => {
      const stream = client.stream('', network.token);
      const first = await began(stream);
      expect(first.flags[`told_${index}`]).toMatchObject({ defaultVariant: 'off' });
      expect(first.context).toEqual({});
      await put(`told_${index}`, { enabled: true, rollout_percentage: 100 });
      const isTold = () => stream.messages.at(-1)!.flags[`told_${index}`]!.defaultVariant === 'on';
      await eventually('the change', isTold);
      expect(Object.keys(stream.messages.at(-1)!.flags)).toEqual(
        expect.arrayContaining(Object.keys(first.flags)),
      );
      expect((await statusOf(node())).sync_streams).toBe(1);
    });
    await eventually('the stream to be gone', async () => (await statusOf(node())).sync_streams === 0);
  });

  test('it says what is known of who selects, once and by stream', async () => {
    await withClient(node(), async client => {
      const selector = 'service=shop,environment=test';
      const context = { service: 'shop', environment: 'TEST' };
      expect(await began(client.stream(selector, network.token))).toMatchObject({ context });
      const fetched = decodeMessage(await client.ask('FetchAllFlags', selector, network.token));
      expect(fetched.metadata.flagSetId).toBe('shop');
      const { context: known } = decodeMessage(await client.ask('GetMetadata', selector, network.token));
      expect(known).toEqual(context);
    });
  });

  test.each([
    ['no token', '', false, status.UNAUTHENTICATED],
    ['a selector that is none', 'shop', true, status.INVALID_ARGUMENT],
    ['an environment that is none', 'environment=moon', true, status.INVALID_ARGUMENT],
  ])('%s is refused', async (_, selector, hasToken, code) => {
    await withClient(node(), async client => {
      const token = hasToken ? network.token : undefined;
      expect(await ended(client.stream(selector, token))).toMatchObject({ code });
      await expect(client.ask('FetchAllFlags', selector, token)).rejects.toMatchObject({ code });
      await expect(client.ask('Everything', selector, token)).rejects.toMatchObject({
        code: status.UNIMPLEMENTED,
      });
    });
  });

  test('a token that is revoked ends its streams, and no others', async () => {
    const { body } = await authority.request<CreatedToken>('POST', '/api/v1/access/tokens', {
      body: { name: 'reader', permissions: ['read'] },
    });
    await withClient(node(), async client => {
      const stays = client.stream('', network.token);
      const goes = await eventually('the token to be known', async () => {
        const stream = client.stream('', body.token);
        await eventually('an answer', () => stream.messages[0] ?? stream.end);
        return stream.end ? undefined : stream;
      });
      await authority.request('DELETE', `/api/v1/access/tokens/${body.id}`);
      expect(await ended(goes)).toMatchObject({ code: status.UNAUTHENTICATED });
      expect(stays.end).toBeUndefined();
    });
  });

  test('a node that ends says UNAVAILABLE, and so does one where a stream is too old', async () => {
    await withClient(node(), async client => {
      const stream = client.stream('', network.token);
      await began(stream);
      await node().stop();
      expect(await ended(stream)).toMatchObject({ code: status.UNAVAILABLE });
    });
    await node().start({ env: { MAX_STREAM_AGE_MS: '500' } });
    await withClient(node(), async client => {
      const stream = client.stream('', network.token);
      await began(stream);
      expect(await ended(stream)).toEqual({ code: status.UNAVAILABLE, details: 'max_age' });
    });
    await node().restart();
  });

  test('who does not read is broken off, while others are told', async () => {
    await node().restart({ env: { STREAM_WRITE_TIMEOUT_MS: '1000' } });
    const description = 'x'.repeat(1_000);
    const flags = Array.from({ length: 100 }, (_, number) => ({ flag_name: `large_${number}`, description }));
    expect((await authority.request('POST', '/api/v1/flags/batch', { body: { flags } })).status).toBe(200);
    const session = connectHttp2(`http://127.0.0.1:${(await statusOf(node())).grpc_port}`);
    session.on('error', () => {});
    const silent = session.request({
      ':method': 'POST',
      ':path': '/flagd.sync.v1.FlagSyncService/SyncFlags',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${network.token}`,
    });
    silent.on('error', () => {});
    silent.pause();
    // An empty message: no selector.
    silent.end(Buffer.alloc(5));
    await eventually('the stream to be there', async () => (await statusOf(node())).sync_streams === 1);
    await withClient(node(), async client => {
      const other = client.stream('', network.token);
      await began(other);
      await eventually('the silent one to be broken off', () => session.destroyed || session.closed);
      await put(`large_${index}`, { description: 'small' });
      await eventually('the other to be told', () => other.messages.length > 1);
      expect(other.end).toBeUndefined();
      const { body } = await network.api(node()).request<string>('GET', '/metrics');
      expect(body).toMatch(/qv_node_sync_dropped_total(\{.*\})? 1$/m);
    });
    await node().restart();
  });
});

test('a node that holds one environment says so, and does not serve others', async () => {
  const node = network.regions.at(-1)!.serving[0]!;
  await withClient(node, async client => {
    expect(await began(client.stream('', network.token))).toMatchObject({ context: { environment: 'TEST' } });
    const elsewhere = client.stream('environment=PRODUCTION', network.token);
    expect(await ended(elsewhere)).toMatchObject({ code: status.FAILED_PRECONDITION });
  });
});
