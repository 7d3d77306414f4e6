/** Regions fed by regions: the same state all the way down, and no more than asked for. */
import type { Environment, WatchFrame } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { etcdDigest } from '../guarantees/etcd-digest.ts';
import { createLink } from '../harness/link.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { memoryHolds } from '../harness/process-memory.ts';
import { startWatcher } from '../harness/watcher.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({
    reads: 'token',
    regionNames: ['core'],
    // Both runtimes are parents and children.
    runtime: ['bun', 'node'],
    moreRegions: [
      { name: 'child', fedBy: 'core' },
      { name: 'grandchild', fedBy: 'child' },
      { name: 'lab', fedBy: 'child', environments: ['TEST'] },
      { name: 'bench', fedBy: 'lab', environments: ['TEST'] },
      { name: 'core-lab', environments: ['TEST', 'STAGING'], redisOf: 'core' },
    ],
  });
});
afterAll(() => network.stop());

const nodesOf = (...names: string[]): Component[] =>
  network.regions.filter(({ name }) => names.includes(name)).flatMap(({ serving }) => serving);
const whole = () => nodesOf('core', 'child', 'grandchild');
const restricted = () => nodesOf('lab', 'bench', 'core-lab');
const put = async (key: string, value: string | number, environment: Environment = 'PRODUCTION') => {
  const answer = await network.api(network.authority).put('risk_engine', key, value, { environment });
  expect(answer.status).toBe(200);
  return answer;
};
const reach = (node: Component, revision: number, environment: Environment = 'PRODUCTION') =>
  network.api(node).list('risk_engine', { environment, query: { min_revision: revision } });
const status = async (node: Component) => (await network.api(node).status()).body;

describe('a tree of whole regions', () => {
  test('what was acknowledged is read at every level, the same in every byte', async () => {
    const written = await put('max_position', 100);
    for (const node of whole()) {
      const read = await network
        .api(node)
        .get('risk_engine', 'max_position', { query: { min_revision: written.revision } });
      expect(read.body).toEqual(written.body);
      expect(read.headers.get('etag')).toBe(written.headers.get('etag'));
    }
  });

  test('watchers at the leaves see every change once and in order', async () => {
    const nodes = nodesOf('grandchild').map(({ url }) => url);
    const watcher = startWatcher({ nodes, service: 'risk_engine', token: network.token });
    try {
      await watcher.frame((frame: WatchFrame) => frame.type === 'snapshot', 'the snapshot');
      const revisions: number[] = [];
      for (let value = 1; value <= 40; value++) {
        revisions.push((await put(`limit_${value % 7}`, value)).revision);
        await put('elsewhere', value, 'TEST');
      }
      await until(() => watcher.bookmark!.revision >= revisions.at(-1)!, { what: 'the watcher to be told' });
      const updates = watcher.received.flatMap(({ frame }) => (frame.type === 'update' ? [frame] : []));
      expect(updates.map(({ revision }) => revision)).toEqual(revisions);
      expect(updates.map(({ updates: [update] }) => update!.new_value)).toEqual(
        revisions.map((_, index) => index + 1),
      );
      expect(updates[0]!.updates[0]).toMatchObject({ updated_by: 'admin' });
    } finally {
      watcher.close();
    }
  });

  test("every level has etcd's digest and generation", async () => {
    const { revision } = await put('last', 1);
    const expected = await etcdDigest(network.etcd.url);
    for (const node of whole()) {
      expect((await reach(node, revision)).status).toBe(200);
      expect(await status(node)).toMatchObject({ digest: expected, history_floor: expect.any(Number) });
    }
    const generations = await Promise.all(whole().map(async node => (await status(node)).generation));
    expect(new Set(generations).size).toBe(1);
  });

  test('each says what it is fed from and whom it feeds', async () => {
    const core = nodesOf('core');
    for (const node of core) expect(await status(node)).toMatchObject({ feeder: { source: 'etcd' } });
    for (const node of nodesOf('child')) {
      const { feeder } = (await status(node)) as { feeder: { source: string } };
      expect(core.map(({ url }) => url)).toContain(feeder.source);
    }
    const children = await Promise.all(core.map(async node => Number((await status(node)).children)));
    expect(children[0]! + children[1]!).toBe(nodesOf('child').length);
  });

  test('etcd serves the first regions alone: its watches do not grow with those below', async () => {
    const watches = async () => {
      const text = await (await fetch(`${network.etcd.url}/metrics`)).text();
      return Number(/^etcd_debugging_mvcc_watcher_total (\d+)/m.exec(text)![1]);
    };
    const before = await watches();
    expect(before).toBeGreaterThanOrEqual(nodesOf('core', 'core-lab').length);
    const below = nodesOf('child', 'grandchild');
    await Promise.all(below.map(node => node.kill()));
    // Were the children among them, etcd would notice at once that their connections are gone.
    const { revision } = await put('without_children', 1);
    for (const node of nodesOf('core')) expect((await reach(node, revision)).status).toBe(200);
    expect(await watches()).toBe(before);
    await Promise.all(below.map(node => node.start()));
    expect(await watches()).toBe(before);
  });
});

describe('regions of some environments', () => {
  const CANARY = `canary-${'qv'.repeat(3)}-${Date.now().toString(36)}`;

  test('hold these in full, and of the others not one byte', async () => {
    await put('secret_limit', CANARY);
    const batch = await network.api(network.authority).batch(
      [
        {
          op: 'set',
          environment: 'PRODUCTION',
          service_name: 'risk_engine',
          config_key: 'x',
          new_value: CANARY,
        },
        {
          op: 'set',
          environment: 'TEST',
          service_name: 'risk_engine',
          config_key: 'x',
          new_value: 'plain-value',
        },
      ],
      { reason: 'both at once' },
    );
    expect(batch.status).toBe(200);
    for (const node of restricted()) {
      const read = await reach(node, batch.revision, 'TEST');
      expect(read.body).toMatchObject({ x: 'plain-value' });
    }
    // A node that starts now takes the whole state.
    await Promise.all(restricted().map(node => node.restart()));
    for (const node of restricted()) {
      expect((await reach(node, batch.revision, 'TEST')).status).toBe(200);
      expect(await memoryHolds(node.pid!, 'plain-value')).toBe(true);
      expect(await memoryHolds(node.pid!, CANARY)).toBe(false);
    }
    for (const name of ['lab', 'bench']) {
      const { redis } = network.regions.find(region => region.name === name)!;
      expect(await memoryHolds(redis.pid!, 'plain-value')).toBe(true);
      expect(await memoryHolds(redis.pid!, CANARY)).toBe(false);
    }
    for (const node of whole()) expect(await memoryHolds(node.pid!, CANARY)).toBe(true);
  });

  test('are sent nothing else either', async () => {
    const heard: Buffer[] = [];
    const parent = nodesOf('child')[0]!;
    const link = await createLink(parent.port, '127.0.0.1', data => heard.push(data));
    const child = nodesOf('lab')[0]!;
    try {
      await child.restart({ env: { FEED_FROM: link.url } });
      await put('secret_limit', `${CANARY}-again`);
      const { revision } = await put('seen', 'plain-again', 'TEST');
      expect((await reach(child, revision, 'TEST')).status).toBe(200);
      await until(() => Buffer.concat(heard).includes('plain-again'), { what: 'the change to be heard' });
      expect(Buffer.concat(heard).includes(CANARY)).toBe(false);
      expect(Buffer.concat(heard).includes('production')).toBe(false);
    } finally {
      await child.restart();
      await link.close();
    }
  });

  test('are brought to revisions that are not for them, without waiting for a heartbeat', async () => {
    // Every environment's reader may ask for the revision of any write.
    for (let count = 0; count < 5; count++) {
      const { revision } = await put('not_for_the_lab', count);
      for (const node of restricted()) {
        const read = await reach(node, revision, 'TEST');
        expect([read.status, read.revision >= revision]).toEqual([200, true]);
      }
    }
  });

  test('refuse the others by name, and list their own', async () => {
    for (const node of restricted()) {
      const { environments } = await status(node);
      for (const path of [
        '/api/v1/config/risk_engine?environment=PRODUCTION',
        '/api/v1/config/risk_engine/last?environment=production',
        '/api/v1/config/watch/risk_engine?environment=PRODUCTION',
        '/api/v1/feed',
        '/api/v1/feed/snapshot?environments=TEST,PRODUCTION',
      ]) {
        const answer = await network.api(node).request('GET', path);
        expect([path, answer.status, answer.problem.type, answer.problem.environments]).toEqual([
          path,
          421,
          'urn:quantivista:problem:environment_not_served',
          environments,
        ]);
      }
    }
    expect((await status(nodesOf('lab')[0]!)).environments).toEqual(['TEST']);
  });

  test('a watcher of an environment that is not held is refused', async () => {
    const [node] = nodesOf('lab');
    const watcher = startWatcher({ nodes: [node!.url], service: 'risk_engine', token: network.token });
    await until(() => watcher.streams[0]!.ended, { what: 'the refusal' });
    watcher.close();
    expect(watcher.streams[0]!.ended).toEqual({ status: 421 });
  });

  test('may share a Redis with nodes of their region that hold all', async () => {
    const { revision } = await put('shared', 'all');
    for (const node of nodesOf('core'))
      expect((await reach(node, revision)).body).toMatchObject({ shared: 'all' });
    for (const node of nodesOf('core-lab')) {
      expect(await status(node)).toMatchObject({ environments: ['STAGING', 'TEST'] });
      expect((await reach(node, revision, 'TEST')).body).not.toHaveProperty('shared');
    }
  });
});

describe('who asks to be fed', () => {
  const feed = async (path: string, token?: string) => {
    const [node] = nodesOf('core');
    return network.api(node!, token).request('GET', `/api/v1/feed${path}`);
  };

  test('needs a token where reads need one', async () => {
    for (const path of ['', '/snapshot', '/changes?since=x']) {
      expect((await feed(path, 'qvt_nobody')).status).toBe(401);
    }
  });

  test.each([
    ['/snapshot?environments=TEST,MOON', 'query.environments.1'],
    ['/snapshot?revision=-1', 'query.revision'],
    ['?environments=', 'query.environments.0'],
    ['/changes', 'query.since'],
    ['/changes?since=yesterday', 'query.since'],
  ])('is told what is wrong with %s', async (path, field) => {
    const { status: code, problem } = await feed(path);
    expect([code, problem.errors![0]!.field]).toEqual([400, field]);
  });

  test('is told where it can’t go on from', async () => {
    const { generation, revision } = (await feed('')).body as { generation: string; revision: number };
    const of = async (path: string) => {
      const { status: code, problem } = await feed(path);
      return [code, problem.type.split(':').at(-1)];
    };
    expect(await of(`/changes?since=${generation}:${revision + 1_000}`)).toEqual([
      409,
      'revision_not_reached',
    ]);
    expect(await of(`/changes?since=${generation}:0`)).toEqual([409, 'compacted']);
    expect(await of(`/snapshot?revision=0`)).toEqual([409, 'compacted']);
    const other = crypto.randomUUID();
    expect(await of(`/changes?since=${other}:${revision}`)).toEqual([409, 'generation_changed']);
  });

  test('finds it in the API’s description', async () => {
    const [node] = nodesOf('core');
    const { body } = await network.api(node!).request<{ paths: object }>('GET', '/openapi.json');
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/api/v1/feed', '/api/v1/feed/snapshot', '/api/v1/feed/changes']),
    );
  });
});
