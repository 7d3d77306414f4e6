/** Everything regional is disposable (I9), and a node needs its region alone to start (I4). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import type { Writers } from '../guarantees/writers.ts';
import { recordRecovery } from '../harness/recovery.ts';
import { type NetworkUnderFault, startNetworkUnderFault } from './network-under-fault.ts';

const REGION = 'us-east';

let under: NetworkUnderFault;
beforeAll(async () => {
  under = await startNetworkUnderFault();
});
afterAll(() => under.stop());

const region = () => under.network.regions.find(each => each.name === REGION)!;
const moreWrites = (writers: Writers) => {
  const { changed } = writers;
  return until(() => writers.changed > changed + 50, { what: '50 changes that the region misses' });
};

test('every node of a region killed at once while writes go on', () =>
  under.undergo({
    name: 'every node of a region killed at once',
    ages: [REGION],
    down: region().nodes,
    begin: () => Promise.all(region().nodes.map(node => node.kill())),
    meanwhile: moreWrites,
    heal: () => Promise.all(region().nodes.map(node => node.start())),
  }));

test('Redis and every node of a region killed at once while writes go on', () => {
  const all = [region().redis, ...region().nodes];
  return under.undergo({
    name: 'Redis and every node of a region killed at once',
    ages: [REGION],
    down: region().nodes,
    // All that the region held is gone, the changes between two bookmarks among it: watchers are told.
    resets: true,
    begin: () => Promise.all(all.map(each => each.kill())),
    meanwhile: moreWrites,
    heal: () => Promise.all(all.map(each => each.start())),
  });
});

test('a node started while etcd and the authority are down: ready from Redis, visibly aged', () => {
  const [node] = region().nodes;
  const { authority, etcd } = under.network;
  return under.undergo({
    name: 'centre down, and a node started meanwhile',
    down: [node!],
    begin: () => Promise.all([authority, etcd].map(each => each.kill())),
    meanwhile: async () => {
      const downSince = performance.now();
      await node!.restart();
      recordRecovery({
        fault: 'centre down, and a node started meanwhile',
        what: 'that node ready from Redis',
        recoveryMs: performance.now() - downSince,
      });
      const { body } = await under.network.api(node!).status();
      expect(body).toMatchObject({ ready: true, state: 'STALE' });
      expect(body.age).toBeGreaterThan(1.5);
    },
    heal: () => Promise.all([etcd, authority].map(each => each.start())),
  });
});
