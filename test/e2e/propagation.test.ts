/** A write that waits for the regions, and what is said of those that it waited for in vain. */
import type { Propagation, RegionList } from '@quantivista/contracts';
import { parseProgress } from '@quantivista/contracts';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import type { Answer } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({ reads: 'token' });
  await until(async () => (await nodesKnown()) === 4, { what: 'all four nodes to be known at the centre' });
});
afterEach(() => {
  for (const component of network.components) component.resume();
});
afterAll(() => network.stop());

const centre = () => network.api(network.authority);
const regions = async () => (await centre().request<RegionList>('GET', '/api/v1/regions')).body.regions;
const nodesKnown = async () => (await regions()).flatMap(({ nodes }) => nodes).length;
const propagation = async (revision: number) =>
  (await centre().request<Propagation>('GET', `/api/v1/propagation/${revision}`)).body;
const waited = (seconds: number) => ({ headers: { prefer: `wait=${seconds}` } });
const progress = (answer: Answer) => parseProgress(answer.headers.get('x-config-propagation') ?? 'none');

test('an answer that waited means that every node has it', async () => {
  const nodes = network.serving.map(component => network.api(component));
  for (let value = 1; value <= 200; value++) {
    const put = await centre().put('risk', 'limit', value, waited(20));
    expect(put.status).toBe(200);
    const reads = await Promise.all(nodes.map(node => node.get('risk', 'limit')));
    expect(reads.map(({ body }) => body.config_value)).toEqual([value, value, value, value]);
    expect(put.headers.get('preference-applied')).toBe('wait=20');
    expect(
      progress(put)
        .map(({ region, pending }) => [region, pending])
        .sort(),
    ).toEqual([
      ['eu-west', false],
      ['us-east', false],
    ]);
  }
});

test('every kind of write waits, with the status and body that are its own', async () => {
  const path = { environment: 'PRODUCTION', service_name: 'risk', config_key: 'kind' } as const;
  const put = await centre().put('risk', 'kind', 1, waited(20));
  expect(put.body.config_value).toBe(1);
  const headers = { prefer: 'respond-async, wait=20' };
  const batch = await centre().request('POST', '/api/v1/config/batch', {
    body: { changes: [{ op: 'set', ...path, new_value: 2 }] },
    headers,
  });
  expect([batch.status, batch.body]).toMatchObject([200, { changed: 1 }]);
  const rollback = await centre().request('POST', '/api/v1/config/rollback', {
    body: { ...path, version: 1 },
    headers,
  });
  expect([rollback.status, rollback.body]).toMatchObject([200, { restored_version: 1 }]);
  const deleted = await centre().del('risk', 'kind', { headers });
  expect([deleted.status, deleted.body]).toEqual([204, undefined]);
  for (const answer of [put, batch, rollback, deleted]) {
    expect(progress(answer).filter(({ pending }) => pending)).toEqual([]);
    expect(progress(answer)).toHaveLength(2);
    expect(answer.headers.get('link')).toBe(`</api/v1/propagation/${answer.revision}>; rel="status"`);
  }
});

test('a write that does not wait is answered as ever, and its way is known all the same', async () => {
  const put = await centre().put('risk', 'limit', 'unawaited');
  for (const name of ['preference-applied', 'x-config-propagation', 'link'])
    expect(put.headers.get(name)).toBeNull();
  const known = await until(
    async () => {
      const found = await propagation(put.revision);
      return found.applied ? found : undefined;
    },
    { what: 'the regions to report' },
  );
  expect(known).toMatchObject({ revision: put.revision, behind: [], totals: { nodes: 4, nodes_applied: 4 } });
  for (const node of known.regions.flatMap(({ nodes }) => nodes)) {
    expect(node.applied_after_ms).toBeGreaterThanOrEqual(0);
  }
});

test('a region without its Redis is pending at the limit; the write stands', async () => {
  const [reached, cutOff] = network.regions;
  cutOff!.redis.pause();
  const put = await centre().put('risk', 'limit', 'without Redis', waited(3));
  expect([put.status, put.body.config_value]).toEqual([200, 'without Redis']);
  expect(progress(put)).toMatchObject([
    { region: cutOff!.name, pending: true },
    { region: reached!.name, pending: false },
  ]);
  expect((await centre().get('risk', 'limit')).body.config_value).toBe('without Redis');
  expect(await propagation(put.revision)).toMatchObject({ applied: false, behind: [cutOff!.name] });

  cutOff!.redis.resume();
  await until(async () => (await propagation(put.revision)).applied, { what: 'the region to come after' });
});

test('what is asked for wrongly is refused by name, and changes nothing', async () => {
  for (const prefer of ['wait=1.5', 'wait=61', 'wait=-1', 'wait', 'wait=soon']) {
    const put = await centre().put('risk', 'refused', 1, { headers: { prefer } });
    expect([put.status, put.problem.errors?.[0]?.field]).toEqual([400, 'header.prefer']);
  }
  expect((await centre().get('risk', 'refused')).status).toBe(404);
  const bad = async (path: string) => {
    const { status, problem } = await centre().request('GET', path);
    return [status, problem.errors?.[0]?.field];
  };
  expect(await bad('/api/v1/propagation/newest')).toEqual([400, 'path.revision']);
  expect(await bad('/api/v1/instances?environment=PRODUCTION')).toEqual([400, 'query.service_name']);
  expect(await bad('/api/v1/instances?environment=MARS&service_name=risk')).toEqual([
    400,
    'query.environment',
  ]);
  expect((await centre().request('GET', '/api/v1/propagation/999999999')).status).toBe(404);
  for (const path of ['regions', 'propagation/1', 'instances?environment=TEST&service_name=risk']) {
    const stranger = network.api(network.authority, 'qvt_nobody');
    expect((await stranger.request('GET', `/api/v1/${path}`)).status).toBe(401);
  }
});

test('each hop of the way is measured', async () => {
  const hops = async ({ url }: { url: string }) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const found = [...text.matchAll(/^qv_propagation_seconds_count\{hop="(\w+)"\} (\d+)/gm)];
    return Object.fromEntries(found.map(([, hop, count]) => [hop, Number(count)]));
  };
  const region = async () => {
    const [a, b] = await Promise.all(network.regions[0]!.nodes.map(hops));
    return {
      feeder: a!.feeder! + b!.feeder!,
      redis: (a!.redis ?? 0) + (b!.redis ?? 0),
      node: a!.node! + b!.node!,
    };
  };
  const before = await region();
  await centre().put('risk', 'limit', 'measured', waited(20));
  // Both feeders see it, one of them is the first to bring it to Redis, both nodes apply it.
  const after = { feeder: before.feeder + 2, redis: before.redis + 1, node: before.node + 2 };
  await until(async () => JSON.stringify(await region()) === JSON.stringify(after), {
    what: 'each hop to be counted once',
  });
  const metrics = await (await fetch(`${network.authority.url}/metrics`)).text();
  expect(metrics).toMatch(/^qv_regions 2$/m);
  expect(metrics).toMatch(/^qv_region_behind\{region="eu-west"\} 0$/m);
});
