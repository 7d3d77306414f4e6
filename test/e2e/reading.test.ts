/** Reads and streams of a node, the same on both runtimes. */
import type { UpdateFrame, WatchFrame } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { startWatcher } from '../harness/watcher.ts';

const isUpdate = (frame: WatchFrame): frame is UpdateFrame => frame.type === 'update';

describe.each(['bun', 'node'] as const)('on %s', runtime => {
  let network: TestNetwork;
  let authority: Api;
  let node: Api;

  beforeAll(async () => {
    network = await startTestNetwork({
      runtime,
      nodeEnv: { WATCH_HEARTBEAT_MS: '100', MAX_WAIT_MS: '1000' },
    });
    authority = network.api(network.authority);
    node = network.api(network.regions[1]!.serving[0]!);
  });
  afterAll(() => network.stop());

  const putAndRead = async (service: string, key: string, value: string | number) => {
    const put = await authority.put(service, key, value);
    expect(put.status).toBe(200);
    const read = await node.get(service, key, { query: { min_revision: put.revision } });
    return { put, read };
  };

  test('the runtime is the one asked for', async () => {
    expect((await node.status()).body.runtime).toMatch(new RegExp(`^${runtime} `));
  });

  test('a read after a write, at its revision, has it; the same bytes by either way', async () => {
    const { put, read } = await putAndRead('reads', 'a', 'ü "quoted" \u2028');
    expect(read.body).toEqual(put.body);
    const plain = await node.get('reads', 'a');
    expect(plain.body).toEqual(put.body);
    for (const header of ['etag', 'x-config-generation', 'content-type']) {
      expect(plain.headers.get(header), header).toBe(read.headers.get(header));
    }
    expect(plain.headers.get('etag')).toBe(put.headers.get('etag'));
    expect(plain.revision).toBeGreaterThanOrEqual(put.revision);
    expect(Number(plain.headers.get('x-config-age'))).toBeLessThan(30);
  });

  test('a map holds every value by key, the same at each node and at the authority', async () => {
    await putAndRead('maps', 'b', 2);
    const { put } = await putAndRead('maps', 'a', 'x');
    const everywhere = [authority, ...network.serving.map(component => network.api(component))];
    const answers = await Promise.all(
      everywhere.map(api => api.list('maps', { query: { min_revision: put.revision } })),
    );
    for (const answer of answers) {
      expect(answer.body).toEqual({ a: 'x', b: 2 });
      expect(answer.headers.get('etag')).toBe(answers[0]!.headers.get('etag'));
    }
  });

  test('a service without values is an empty map, a key without value is 404', async () => {
    expect((await node.list('nothing-here')).body).toEqual({});
    expect((await authority.list('nothing-here')).body).toEqual({});
    expect((await node.get('nothing-here', 'a')).status).toBe(404);
  });

  test('every answer says where the state stands and how old it is, also one that is an error', async () => {
    const { put } = await putAndRead('told', 'a', 1);
    const answers = [
      await node.get('told', 'a'),
      await node.list('told'),
      await node.get('told', 'missing'),
      await node.request('GET', '/api/v1/config/told?environment=nowhere'),
      await node.request('GET', '/nothing'),
    ];
    expect(answers.map(answer => answer.status)).toEqual([200, 200, 404, 400, 404]);
    for (const { headers, revision } of answers) {
      expect(headers.get('x-config-state')).toBe('FRESH');
      expect(Number(headers.get('x-config-age'))).toBeLessThan(5);
      expect(headers.get('x-config-generation')).toBe(put.headers.get('x-config-generation'));
      expect(revision).toBeGreaterThanOrEqual(put.revision);
    }
  });

  test('304 for what the caller has, 200 once it changed', async () => {
    const { read } = await putAndRead('tags', 'a', 1);
    const map = await node.list('tags');
    const headers = { 'if-none-match': read.headers.get('etag')! };
    const mapHeaders = { 'if-none-match': map.headers.get('etag')! };
    const same = await node.get('tags', 'a', { headers });
    expect([same.status, same.body, same.headers.get('etag')]).toEqual([
      304,
      undefined,
      read.headers.get('etag'),
    ]);
    expect((await node.list('tags', { headers: mapHeaders })).status).toBe(304);
    const deleted = await authority.del('tags', 'a');
    expect(deleted.status).toBe(204);
    const now = await node.list('tags', { headers: mapHeaders, query: { min_revision: deleted.revision } });
    expect([now.status, now.body]).toEqual([200, {}]);
  });

  test('environments are apart, and any case names them', async () => {
    const put = await authority.put('apart', 'a', 1, { environment: 'TEST' });
    await node.get('apart', 'a', { environment: 'TEST', query: { min_revision: put.revision } });
    expect((await node.request('GET', '/api/v1/config/apart/a?environment=test')).status).toBe(200);
    expect((await node.get('apart', 'a', { environment: 'STAGING' })).status).toBe(404);
  });

  test('a stream: snapshot, every change with who and why, transactions whole', async () => {
    await putAndRead('streamed', 'a', 1);
    const watcher = startWatcher({ nodes: [node.url], service: 'streamed' });
    await watcher.frame(frame => frame.type === 'snapshot', 'a snapshot');
    const { revision } = await authority.batch(
      [
        { op: 'set', environment: 'PRODUCTION', service_name: 'streamed', config_key: 'b', new_value: [2] },
        { op: 'delete', environment: 'PRODUCTION', service_name: 'streamed', config_key: 'a' },
        { op: 'set', environment: 'PRODUCTION', service_name: 'elsewhere', config_key: 'c', new_value: 3 },
      ],
      { reason: 'because' },
    );
    const frame = await watcher.frame(isUpdate, 'an update');
    watcher.close();
    const who = { updated_by: 'admin', reason: 'because', rollback_available: true };
    expect(frame.revision).toBe(revision);
    expect(frame.updates.toSorted((a, b) => (a.config_key < b.config_key ? -1 : 1))).toEqual([
      { config_key: 'a', old_value: 1, new_value: null, deleted: true, version: 2, ...who },
      { config_key: 'b', old_value: null, new_value: [2], deleted: false, version: 1, ...who },
    ]);
  });

  test('a stream resumes at another node, in the other region, with what it missed', async () => {
    await putAndRead('resume', 'a', 0);
    const other = network.regions[0]!.serving[1]!.url;
    const watcher = startWatcher({ nodes: [node.url, other], service: 'resume' });
    await watcher.frame(frame => frame.type === 'snapshot', 'a snapshot');
    for (let value = 1; value <= 30; value++) {
      if (value % 10 === 5) watcher.drop();
      await authority.put('resume', 'a', value);
    }
    await watcher.frame(frame => isUpdate(frame) && frame.updates[0]!.new_value === 30, 'the last change');
    watcher.close();
    const updates = watcher.received.map(({ frame }) => frame).filter(isUpdate);
    expect(updates.map(frame => frame.updates[0]!.new_value)).toEqual(
      Array.from({ length: 30 }, (_, at) => at + 1),
    );
    expect(updates.map(frame => frame.updates[0]!.old_value)).toEqual(
      Array.from({ length: 30 }, (_, at) => at),
    );
    expect(
      watcher.received.filter(({ frame }) => frame.type !== 'update' && frame.type !== 'heartbeat'),
    ).toHaveLength(1);
    expect(new Set(watcher.streams.map(stream => stream.node)).size).toBe(2);
  });

  test('heartbeats are bookmarks: they move on, and one resumes from them', async () => {
    const watcher = startWatcher({ nodes: [node.url], service: 'quiet' });
    const first = await watcher.frame(frame => frame.type === 'heartbeat', 'a heartbeat');
    const later = (frame: WatchFrame) => frame.type === 'heartbeat' && frame.revision > first.revision;
    await watcher.frame(later, 'a later heartbeat');
    watcher.drop();
    await until(() => watcher.streams.length > 1 && watcher.open, { what: 'the watcher to be back' });
    watcher.close();
    expect(watcher.received.some(({ frame }) => frame.type === 'reset')).toBe(false);
  });

  test('a since of another generation: a reset, then a snapshot', async () => {
    await putAndRead('reset', 'a', 1);
    const since = { generation: '00000000-0000-4000-8000-000000000000', revision: 5 };
    const watcher = startWatcher({ nodes: [node.url], service: 'reset', since });
    await watcher.frame(frame => frame.type === 'snapshot', 'a snapshot');
    watcher.close();
    expect(watcher.received.slice(0, 2).map(({ frame }) => frame)).toMatchObject([
      { type: 'reset', reason: 'generation_changed' },
      { type: 'snapshot', configurations: { a: { config_value: 1 } } },
    ]);
  });

  test.each([
    ['a since that is no bookmark', 'since=xyz', 400, 'invalid_since'],
    ['an unknown environment', 'environment=MOON', 400, 'unknown_environment'],
  ])('%s is refused before the upgrade', async (_, query, status, type) => {
    const url = `${node.url.replace('http', 'ws')}/api/v1/config/watch/risk?environment=TEST&${query}`;
    expect(await refusal(url)).toMatchObject({ status, type: `urn:quantivista:problem:${type}` });
  });

  test('a since ahead of the node is refused: what was seen is not taken back', async () => {
    const { generation, revision } = (await node.status()).body as { generation: string; revision: number };
    const since = `${generation}:${revision + 100_000}`;
    const url = `${node.url.replace('http', 'ws')}/api/v1/config/watch/risk?environment=TEST&since=${since}`;
    expect(await refusal(url)).toMatchObject({
      status: 409,
      type: 'urn:quantivista:problem:revision_not_reached',
    });
  });

  test('what is not a stream is not upgraded', async () => {
    expect(await refusal(`${node.url.replace('http', 'ws')}/api/v1/nothing`)).toMatchObject({ status: 404 });
  });

  test('health, status, metrics and the description', async () => {
    expect((await node.request('GET', '/livez')).status).toBe(200);
    expect((await node.request('GET', '/readyz')).status).toBe(200);
    expect((await node.status()).body).toMatchObject({
      ready: true,
      region: 'us-east',
      feeder: { state: 'watching' },
    });
    expect(String((await node.request('GET', '/metrics')).body)).toMatch(/^qv_node_ready 1$/m);
    for (const api of [node, authority]) {
      const { body } = await api.request<{ openapi: string; paths: object }>('GET', '/openapi.json');
      expect(body.openapi).toBe('3.1.0');
      expect(Object.keys(body.paths)).toContain('/api/v1/config/{service_name}/{config_key}');
    }
  });
});

/** The problem that an upgrade is answered with. */
function refusal(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on('open', () => reject(new Error('it was accepted')));
    socket.on('error', () => {});
    socket.on('unexpected-response', (request, response) => {
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => {
        request.destroy();
        resolve({ status: response.statusCode, ...JSON.parse(text) });
      });
    });
  });
}
