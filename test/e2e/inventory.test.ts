/** Who is there, as the centre knows it: nodes, regions and clients, while they are there and no longer. */
import { type InstanceList, REGIONS_PREFIX, type RegionList } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { type TestNetwork, type TestNetworkOptions, withNetwork } from '../harness/network.ts';
import { startWatcher, type Watcher } from '../harness/watcher.ts';

const ask = async <T>(network: TestNetwork, path: string) =>
  (await network.api(network.authority).request<T>('GET', path)).body;
const instancesOf = (network: TestNetwork, service: string) =>
  ask<InstanceList>(network, `/api/v1/instances?environment=PRODUCTION&service_name=${service}`);
const nodesOf = async (network: TestNetwork) => {
  const { regions } = await ask<RegionList>(network, '/api/v1/regions');
  return regions.map(({ region, nodes }) => [region, nodes.map(({ node_id }) => node_id)]);
};
/** Wait until the centre knows exactly these: `[region, [node, …]]` each. */
const nodesBecome = (network: TestNetwork, expected: unknown) =>
  until(async () => JSON.stringify(await nodesOf(network)) === JSON.stringify(expected), {
    what: `the centre to know ${JSON.stringify(expected)}`,
  });

/** Nobody is taken for dead within the time of a test: who is gone has said so. */
const PATIENT: TestNetworkOptions = {
  regionNames: ['eu'],
  nodeEnv: { PRESENCE_TTL_MS: '600000', REPORT_LEASE_S: '600' },
};

test('clients appear with their streams, and go with them', () =>
  withNetwork(PATIENT, async network => {
    const [first, second] = network.serving.map(({ url }) => url);
    const watchers: Watcher[] = [];
    const join = (node: string, service: string, instanceId?: string) => {
      const watcher = startWatcher({ nodes: [node], service, ...(instanceId && { instanceId }) });
      watchers.push(watcher);
      return watcher;
    };
    try {
      const engine = join(first!, 'risk', 'risk-7f9c');
      join(second!, 'risk', 'risk-1a2b');
      join(second!, 'risk');
      join(second!, 'pricing', 'pricing-1');
      const list = await until(
        async () => {
          const found = await instancesOf(network, 'risk');
          return found.watchers === 3 && found.instances.length === 2 ? found : undefined;
        },
        { what: 'three streams to be known' },
      );
      expect(list).toEqual({
        environment: 'PRODUCTION',
        service_name: 'risk',
        watchers: 3,
        unnamed: 1,
        instances: [
          {
            instance_id: 'risk-1a2b',
            region: 'eu',
            node_id: 'eu-2',
            service_name: 'risk',
            acked_revision: null,
          },
          {
            instance_id: 'risk-7f9c',
            region: 'eu',
            node_id: 'eu-1',
            service_name: 'risk',
            acked_revision: null,
          },
        ],
        truncated: false,
      });
      engine.close();
      const remaining = await until(
        async () => {
          const found = await instancesOf(network, 'risk');
          return found.watchers === 2 ? found : undefined;
        },
        { what: 'the stream that was closed to be gone' },
      );
      expect(remaining.instances.map(({ instance_id }) => instance_id)).toEqual(['risk-1a2b']);
    } finally {
      for (const watcher of watchers) watcher.close();
    }
  }));

test('a node that ends cleanly is gone at once, and its region with the last of them', () =>
  withNetwork(PATIENT, async network => {
    const [first, second] = network.regions[0]!.nodes;
    await nodesBecome(network, [['eu', ['eu-1', 'eu-2']]]);
    await first!.stop();
    await nodesBecome(network, [['eu', ['eu-2']]]);
    await first!.start();
    await nodesBecome(network, [['eu', ['eu-1', 'eu-2']]]);
    await second!.stop();
    await nodesBecome(network, [['eu', ['eu-1']]]);
    await first!.stop();
    await nodesBecome(network, []);
    // Nobody is left to wait for.
    const put = await network
      .api(network.authority)
      .put('risk', 'limit', 1, { headers: { prefer: 'wait=60' } });
    expect([put.status, put.headers.get('x-config-propagation')]).toEqual([200, '']);
  }));

test('nodes that die silently are gone when they are not heard of, and so is their region', () => {
  const nodeEnv = { PRESENCE_TTL_MS: '1500', REPORT_LEASE_S: '3' };
  return withNetwork({ regionNames: ['eu', 'us'], nodeEnv }, async network => {
    const [eu, us] = network.regions;
    const all = [
      ['eu', ['eu-1', 'eu-2']],
      ['us', ['us-1', 'us-2']],
    ];
    await nodesBecome(network, all);
    await eu!.nodes[0]!.kill();
    await us!.nodes[1]!.kill();
    await nodesBecome(network, [
      ['eu', ['eu-2']],
      ['us', ['us-1']],
    ]);
    await eu!.nodes[1]!.kill();
    await nodesBecome(network, [['us', ['us-1']]]);
    for (const node of [...eu!.nodes, us!.nodes[1]!]) await node.start();
    await nodesBecome(network, all);
  });
});

test('what is written to etcd does not grow with the nodes and clients', () => {
  const options = { regionNames: ['eu'], nodeRoles: ['feed,serve', 'feed,serve', 'serve', 'serve'] };
  return withNetwork(options, async network => {
    await nodesBecome(network, [['eu', ['eu-1', 'eu-2', 'eu-3', 'eu-4']]]);
    const etcd = createEtcd({ hosts: [network.etcd.url] });
    const from = (await etcd.read(['none'])).revision + 1;
    const startedAt = performance.now();
    let puts = 0;
    const watch = etcd.watch({ prefix: REGIONS_PREFIX, from, onRevision: () => puts++ });
    const watchers: Watcher[] = [];
    try {
      for (let count = 0; count < 400; count++) {
        const node = network.serving[count % 4]!.url;
        const watcher = startWatcher({ nodes: [node], service: 'risk', instanceId: `instance-${count}` });
        watchers.push(watcher);
        await watcher.frame(({ type }) => type === 'snapshot', 'the snapshot');
        if (count % 4 === 0) watcher.close();
      }
      await until(async () => (await instancesOf(network, 'risk')).instances.length === 300, {
        what: 'three hundred clients to be known',
      });
      // One report a second, whatever happens, and some that were due or under way at the beginning.
      expect(puts).toBeGreaterThan(0);
      expect(puts).toBeLessThanOrEqual((performance.now() - startedAt) / 1_000 + 3);
    } finally {
      for (const watcher of watchers) watcher.close();
      watch.close();
      etcd.close();
    }
  });
});
