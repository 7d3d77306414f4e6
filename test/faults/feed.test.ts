/** What befalls the way from etcd to the nodes, for real. I1, I3, I4, I9 as far as one region goes. */
import { configurationKey, GENERATION_KEY } from '@quantivista/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { askEtcd } from '../harness/etcd-gateway.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { type Node, type RegionUnderTest, startRegion } from './region-under-test.ts';

let region: RegionUnderTest;
beforeEach(async () => {
  region = await startRegion();
  await region.converged(await region.put('first', 1));
});
afterEach(() => region.stop());

/** Put `count` values; answers the revisions. */
async function putMany(count: number, key = 'key'): Promise<number[]> {
  const revisions: number[] = [];
  for (let value = 1; value <= count; value++) {
    revisions.push(
      await until(() => region.put(`${key}${value % 20}`, value), { what: 'etcd to take a put' }),
    );
  }
  return revisions;
}

/** Each revision once, in order, and the state never replaced. */
function expectAll(node: Node, revisions: readonly number[]) {
  const wanted = new Set(revisions);
  expect(node.applied.map(entry => entry.revision).filter(revision => wanted.has(revision))).toEqual(
    revisions,
  );
  expect(node.replaced).toBe(0);
}
const expectAllEverywhere = (revisions: readonly number[]) => {
  for (const node of region.nodes) expectAll(node, revisions);
};
const ready = () => region.nodes.every(node => node.replica.current !== undefined);

describe('nothing is missed, doubled or reordered (I1)', () => {
  test('etcd killed and started again', async () => {
    const before = await putMany(100);
    await region.etcd.kill();
    expect(ready()).toBe(true);
    await region.etcd.start();
    const after = await putMany(100);
    await region.converged(after.at(-1)!);
    expectAllEverywhere([...before, ...after]);
  });

  test('the link to etcd half open', async () => {
    region.etcdLink.hang();
    const during = await putMany(200);
    await until(() => region.feeders.every(feeder => feeder.state !== 'watching'), {
      what: 'both feeders to notice the silence',
    });
    region.etcdLink.heal();
    await region.converged(during.at(-1)!);
    expectAllEverywhere(during);
  });

  test('the link to etcd cut again and again', async () => {
    const revisions: number[] = [];
    let cutting = true;
    const putting = (async () => {
      while (cutting) revisions.push(...(await putMany(20)));
    })();
    for (let count = 0; count < 5; count++) {
      const applied = region.nodes[0]!.applied.length;
      await until(() => region.nodes[0]!.applied.length > applied + 20, { what: 'some changes to arrive' });
      region.etcdLink.cut();
      region.etcdLink.heal();
    }
    cutting = false;
    await putting;
    await region.converged(revisions.at(-1)!);
    expectAllEverywhere(revisions);
  });

  test('Redis killed, and back empty: fed again from before it was lost (I9)', async () => {
    const before = await putMany(200);
    await region.redis.kill();
    const during = await putMany(200);
    expect(ready()).toBe(true);
    await region.redis.start();
    const after = await putMany(50);
    await region.converged(after.at(-1)!);
    expectAllEverywhere([...before, ...during, ...after]);
  });

  test('Redis wiped under everybody’s feet (I9)', async () => {
    const before = await putMany(100);
    await region.converged(before.at(-1)!);
    await redisCommand(region.redis, 'FLUSHALL');
    const after = await putMany(100);
    await region.converged(after.at(-1)!);
    expectAllEverywhere([...before, ...after]);
  });

  test('the link to Redis half open', async () => {
    region.redisLink.hang();
    const during = await putMany(100);
    await until(() => region.nodes.every(node => !node.follower.connected), {
      what: 'the nodes to notice the silence',
    });
    expect(ready()).toBe(true);
    region.redisLink.heal();
    await region.converged(during.at(-1)!);
    expectAllEverywhere(during);
  });

  test('a feeder that stops, and another that starts', async () => {
    const third = region.startFeeder();
    const before = await putMany(100);
    await third.stop();
    region.startFeeder();
    const after = await putMany(100);
    await region.converged(after.at(-1)!);
    expectAllEverywhere([...before, ...after]);
  });

  test('a batch of 4 MB in one revision', async () => {
    const path = (index: number) =>
      configurationKey({ environment: 'TEST', service: 'big', key: `k${index}` });
    const batch = (round: number) =>
      region.store.txn({
        compare: [],
        success: Array.from({ length: 20 }, (_, index) => ({
          op: 'put' as const,
          key: path(index),
          value: JSON.stringify({ config_value: String(round).repeat(60_000) }),
        })),
      });
    const revisions = [];
    for (let round = 1; round <= 8; round++) revisions.push((await batch(round)).revision);
    await region.converged(revisions.at(-1)!);
    expectAllEverywhere(revisions);
    expect(region.nodes[0]!.applied.at(-1)!.changes).toHaveLength(20);
  });
});

describe('what is no longer held is replaced, and that is said', () => {
  test('compaction while the feeders were away', async () => {
    region.etcdLink.cut();
    const during = await putMany(50);
    await askEtcd(region.etcd.url, '/v3/kv/compaction', { revision: during.at(-1) });
    region.etcdLink.heal();
    await region.converged(during.at(-1)!);
    for (const node of region.nodes) expect(node.replaced).toBe(1);
  });

  test('a store that was wiped: another generation, although its revisions are lower (I3)', async () => {
    await region.converged((await putMany(100)).at(-1)!);
    const before = region.nodes[0]!.replica.current!.snapshot;
    await region.etcd.kill();
    region.etcd.wipe();
    await region.etcd.start();
    const generation = await until(() => region.beginGeneration(), { what: 'etcd to take a generation' });
    const last = await region.put('new', 1);
    expect(last).toBeLessThan(before.revision);
    await region.converged(last);
    for (const node of region.nodes) {
      expect(node.replica.current!.snapshot.generation).toBe(generation);
      expect(node.replaced).toBe(1);
    }
  });

  test('a wiped store without a generation is not followed: the nodes keep what they have (I4)', async () => {
    await region.etcd.kill();
    region.etcd.wipe();
    await region.etcd.start();
    await until(() => region.put('new', 1), { what: 'etcd to take a put' });
    await until(() => region.feeders.every(feeder => feeder.state === 'waiting'), {
      what: 'the feeders to wait',
    });
    for (const node of region.nodes)
      expect(node.replica.current!.snapshot.entry('TEST', 'risk', 'first')).toBeDefined();
  });

  test('a revision with more changes than a stream entry takes comes as a whole state', async () => {
    const key = (index: number) =>
      configurationKey({ environment: 'TEST', service: 'many', key: `k${index}` });
    for (let at = 0; at < 2_000; at += 100) {
      const success = Array.from({ length: 100 }, (_, index) => ({
        op: 'put' as const,
        key: key(at + index),
        value: '{}',
      }));
      await region.store.txn({ compare: [], success });
    }
    await region.store.deleteRange('/quantivista/test/many/', '/quantivista/test/many0');
    await region.converged(await region.put('after', 1));
    for (const node of region.nodes)
      expect(node.replica.current!.snapshot.entry('TEST', 'many', 'k0')).toBeUndefined();
  });
});

describe('a node that starts', () => {
  test('is not ready while the region is empty, and never before a whole state is applied (I4)', async () => {
    region.etcdLink.cut();
    await region.redis.kill();
    await region.redis.start();
    const late = region.startNode();
    await until(() => late.follower.connected, { what: 'the node to reach Redis' });
    expect(late.replica.current).toBeUndefined();
    region.etcdLink.heal();
    await region.converged(await region.put('first', 2));
    expect(late.replica.current!.snapshot.entry('TEST', 'risk', 'first')).toBeDefined();
  });

  test('while the centre is down starts from Redis (I4)', async () => {
    const revisions = await putMany(50);
    await region.converged(revisions.at(-1)!);
    await region.etcd.kill();
    const late = region.startNode();
    await until(() => late.replica.current, { what: 'the node to be ready' });
    expect(late.replica.current!.snapshot.digest()).toBe(region.nodes[0]!.replica.current!.snapshot.digest());
    expect(late.replica.current!.history.after(revisions[0]!)!.map(entry => entry.revision)).toEqual(
      revisions.slice(1),
    );
    await region.etcd.start();
  });

  test('amid changes holds exactly what etcd does', async () => {
    const putting = putMany(600);
    for (let count = 0; count < 6; count++) {
      const node = region.startNode();
      await until(() => node.replica.current, { what: 'the node to be ready' });
    }
    await region.converged((await putting).at(-1)!);
  });

  test('with every other node and Redis at once: nothing is lost (I9)', async () => {
    const last = (await putMany(100)).at(-1)!;
    // All is quiet from here on: no change and no heartbeat tells the feeders that Redis has lost its data.
    await region.converged(last);
    await Promise.all(region.nodes.splice(0).map(node => node.stop()));
    await region.redis.kill();
    await region.redis.start();
    region.startNode();
    region.startNode();
    await region.converged(last);
  });
});

test('a generation that changes in a running store is noticed by the change itself', async () => {
  const generation = await region.beginGeneration();
  const { entries } = await region.store.read([GENERATION_KEY]);
  expect(entries[0]!.value).toBe(generation);
  await region.converged(await region.put('first', 3));
});
