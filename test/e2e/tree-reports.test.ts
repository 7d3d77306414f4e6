/** What the centre knows of regions that are fed by other regions, and how a write waits for them. */
import { type Propagation, parseProgress, type RegionList } from '@quantivista/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({
    reads: 'token',
    regionNames: ['core'],
    runtime: ['bun', 'node'],
    moreRegions: [
      { name: 'child', fedBy: 'core' },
      { name: 'grandchild', fedBy: 'child' },
      { name: 'lab', fedBy: 'child', environments: ['TEST'] },
    ],
    // Nobody is taken for dead within the time of a test: who is gone has said so.
    nodeEnv: { PRESENCE_TTL_MS: '600000', REPORT_LEASE_S: '600' },
  });
});
afterAll(() => network.stop());

const ask = async <T>(path: string) => (await network.api(network.authority).request<T>('GET', path)).body;
const known = async () => {
  const { regions } = await ask<RegionList>('/api/v1/regions');
  return regions.map(({ region, parent, nodes }) => [region, parent, nodes.length]);
};
const become = (expected: unknown) =>
  until(async () => JSON.stringify(await known()) === JSON.stringify(expected), {
    what: `the centre to know ${JSON.stringify(expected)}`,
  });

test('each region is known by its own name, whatever lies between', async () => {
  await become([
    ['child', 'core', 2],
    ['core', undefined, 2],
    ['grandchild', 'child', 2],
    ['lab', 'child', 2],
  ]);
});

test('a write waits for every region that holds its environment, the leaves of the tree among them', async () => {
  for (let value = 1; value <= 20; value++) {
    const put = await network.api(network.authority).put('risk', 'limit', value, {
      headers: { prefer: 'wait=20' },
    });
    const progress = parseProgress(put.headers.get('x-config-propagation')!);
    expect(progress.map(({ region, pending }) => [region, pending]).sort()).toEqual([
      ['child', false],
      ['core', false],
      ['grandchild', false],
    ]);
    for (const region of network.regions.filter(({ name }) => name !== 'lab'))
      for (const node of region.serving)
        expect((await network.api(node).get('risk', 'limit')).body.config_value).toBe(value);
  }
  const inLab = await network.api(network.authority).put('risk', 'limit', 1, {
    environment: 'TEST',
    headers: { prefer: 'wait=20' },
  });
  const progress = parseProgress(inLab.headers.get('x-config-propagation')!);
  expect(progress.map(({ region, pending }) => [region, pending]).sort()).toEqual([
    ['child', false],
    ['core', false],
    ['grandchild', false],
    ['lab', false],
  ]);
  const { applied, totals } = await ask<Propagation>(`/api/v1/propagation/${inLab.revision}`);
  expect([applied, totals.nodes_applied]).toEqual([true, 8]);
});

test('a report that names another region than its path, or the parent itself, is refused', async () => {
  const parent = network.api(network.regions.find(({ name }) => name === 'core')!.serving[0]!);
  const report = {
    region: 'child',
    reporter: 'nobody',
    at: 0,
    generation: null,
    revision: null,
    nodes: [],
    truncated: false,
  };
  const put = (region: string, body: object) =>
    parent.request('PUT', `/api/v1/feed/reports/${region}`, { body });
  const refused = [
    await put('other', report),
    await put('core', { ...report, region: 'core' }),
    await put('NO', report),
    await put('child', { ...report, nodes: 'none' }),
  ];
  expect(refused.map(({ status, problem }) => [status, problem.errors?.[0]?.field])).toEqual([
    [400, 'body.region'],
    [400, 'path.region'],
    [400, 'path.region'],
    [400, 'body.nodes'],
  ]);
  expect(
    (
      await network
        .api(network.regions[0]!.serving[0]!, 'wrong')
        .request('DELETE', '/api/v1/feed/reports/child')
    ).status,
  ).toBe(401);
});

test('a region that ends is gone at the centre, those that stay are not', async () => {
  const lab = network.regions.find(({ name }) => name === 'lab')!;
  await Promise.all(lab.nodes.map(node => node.stop()));
  await become([
    ['child', 'core', 2],
    ['core', undefined, 2],
    ['grandchild', 'child', 2],
  ]);
});
