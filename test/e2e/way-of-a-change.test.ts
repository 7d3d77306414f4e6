/** From the PUT at the authority to every node, and to a watcher that outlives the node it is at. */
import type { AuditPage } from '@quantivista/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { startWatcher } from '../harness/watcher.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({ reads: 'token' });
});
afterAll(() => network.stop());

test('what was acknowledged is read at every node', async () => {
  const authority = network.api(network.authority);
  const put = await authority.put('risk_engine', 'max_position', 100, { body: { reason: 'first' } });
  expect(put.status).toBe(200);
  expect(put.revision).toBeGreaterThan(0);
  for (const node of network.serving) {
    const api = network.api(node);
    const read = await api.get('risk_engine', 'max_position', { query: { min_revision: put.revision } });
    expect(read.status).toBe(200);
    expect(read.body).toEqual(put.body);
    expect((await api.list('risk_engine')).body).toMatchObject({ max_position: 100 });
  }
});

test('versions, rollback, batch and delete answer what they did', async () => {
  const authority = network.api(network.authority);
  await authority.put('risk_engine', 'limit', 1);
  await authority.put('risk_engine', 'limit', 2);
  const { body } = await authority.versions('risk_engine', 'limit');
  expect(body.versions.map(({ config_value }) => config_value)).toEqual([2, 1]);
  const path = { environment: 'PRODUCTION', service_name: 'risk_engine', config_key: 'limit' } as const;
  const back = await authority.rollback({ ...path, version: 1 });
  expect(back.body.configuration?.config_value).toBe(1);
  const batch = await authority.batch([{ op: 'set', ...path, new_value: 5 }]);
  expect(batch.body.changed).toBe(1);
  expect((await authority.del('risk_engine', 'limit')).status).toBe(204);
  expect((await authority.get('risk_engine', 'limit')).status).toBe(404);
});

test('however many write one key at once, each is done at its first attempt', async () => {
  const authority = network.api(network.authority);
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, n) => authority.put('risk_engine', 'contended', n)),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const versions = answers.map(({ body }) => body.version).sort((a, b) => a - b);
  expect(versions).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
  const query = 'environment=PRODUCTION&service_name=risk_engine&config_key=contended&outcome=aborted';
  const { body } = await authority.request<AuditPage>('GET', `/api/v1/audit?${query}`);
  expect(body.entries).toEqual([]);
});

test('without a token nothing is read, and the problem says so', async () => {
  const answer = await network.api(network.serving[0]!, 'qvt_nobody').list('risk_engine');
  expect(answer.status).toBe(401);
  expect(answer.problem.type).toBe('urn:quantivista:problem:unauthenticated');
});

test('a watcher is told, and resumes at the next node when its own is killed', async () => {
  const authority = network.api(network.authority);
  const nodes = network.regions[1]!.serving;
  const watcher = startWatcher({
    nodes: nodes.map(({ url }) => url),
    service: 'pricing',
    token: network.token,
  });
  try {
    await watcher.frame(frame => frame.type === 'snapshot', 'the snapshot');
    const first = await authority.put('pricing', 'spread', 1);
    const update = await watcher.frame(
      frame => frame.type === 'update' && frame.revision === first.revision,
      'the first change',
    );
    expect(update).toMatchObject({ updates: [{ config_key: 'spread', new_value: 1, deleted: false }] });

    await nodes[0]!.kill();
    const second = await authority.put('pricing', 'spread', 2);
    await watcher.frame(
      frame => frame.type === 'update' && frame.revision === second.revision,
      'the change during the loss',
    );
    expect(watcher.streams.at(-1)).toMatchObject({ node: nodes[1]!.url, since: expect.anything() });
    await nodes[0]!.start();

    watcher.drop();
    const third = await authority.put('pricing', 'spread', 3);
    await until(() => watcher.bookmark!.revision >= third.revision, { what: 'the watcher to catch up' });
    const updates = watcher.received.flatMap(({ frame }) =>
      frame.type === 'update' ? [frame.revision] : [],
    );
    expect(updates).toEqual([first.revision, second.revision, third.revision]);
  } finally {
    watcher.close();
  }
});
