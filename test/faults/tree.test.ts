/** What befalls a tree of regions, for real: I1, I3, I4 and I9 below the first region. */
import { GENERATION_KEY, type WatchFrame } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import type { Region } from '../../infra/stack/network.ts';
import { until } from '../../infra/stack/until.ts';
import { etcdDigest } from '../guarantees/etcd-digest.ts';
import { createLink } from '../harness/link.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { timeRecovery } from '../harness/recovery.ts';
import { startWatcher, type Watcher } from '../harness/watcher.ts';

const HISTORY_LENGTH = 40;

let network: TestNetwork;
let watchers: Watcher[];
let revisions: number[];
beforeAll(async () => {
  network = await startTestNetwork({
    regionNames: ['core'],
    runtime: ['bun', 'node'],
    moreRegions: [
      { name: 'child', fedBy: 'core' },
      { name: 'grandchild', fedBy: 'child' },
      { name: 'island' },
    ],
    nodeEnv: { HISTORY_LENGTH: String(HISTORY_LENGTH), AGING_AFTER_MS: '1500' },
  });
});
afterAll(() => network.stop());

beforeEach(async () => {
  // Whatever the test before left behind.
  for (const component of network.components) {
    component.resume();
    if (!component.running) await component.start();
  }
  revisions = [];
  await write(1);
  await converged();
  watchers = ['child', 'grandchild'].map(name =>
    startWatcher({ nodes: region(name).serving.map(({ url }) => url), service: 'risk' }),
  );
  for (const watcher of watchers) await watcher.frame(({ type }) => type === 'snapshot', 'the snapshot');
  revisions = [];
});
afterEach(() => {
  for (const watcher of watchers) watcher.close();
});

const region = (name: string): Region => network.regions.find(each => each.name === name)!;
const api = (node: Component) => network.api(node);

async function write(count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    const answer = await api(network.authority).put('risk', `key${done % 9}`, revisions.length);
    expect(answer.status).toBe(200);
    revisions.push(answer.revision);
  }
}

interface NodeStatus {
  readonly generation: string;
  readonly revision: number;
  readonly digest: string;
  readonly state: string;
  readonly age: number;
  readonly feeder: { readonly source: string; readonly published: number };
  readonly children: number;
}
const status = async (node: Component) => (await api(node).status()).body as unknown as NodeStatus;

/** Wait until every running node has the last write and equals etcd. */
async function converged(): Promise<void> {
  const expected = await etcdDigest(network.etcd.url);
  for (const node of network.serving.filter(({ running }) => running)) {
    const equals = async () => {
      const { digest, revision } = await status(node);
      return revision >= revisions.at(-1)! && digest === expected;
    };
    await until(equals, { what: `${node.name} to equal etcd` });
  }
}

/** Every watcher was told of each write once, in order, and was never given a state in place of changes. */
async function expectNoneMissed(of: readonly Watcher[] = watchers): Promise<void> {
  for (const watcher of of) {
    await until(() => watcher.bookmark!.revision >= revisions.at(-1)!, { what: 'a watcher to be told' });
    const frames = watcher.received.map(({ frame }: { frame: WatchFrame }) => frame);
    expect(frames.filter(({ type }) => type === 'reset')).toEqual([]);
    expect(frames.flatMap(frame => (frame.type === 'update' ? [frame.revision] : []))).toEqual(revisions);
  }
}

const DOWN_THE_TREE = 'from the last write until every watcher of every level was told';

/** The parent that some child is fed from now. */
async function busyParent(): Promise<Component> {
  return until(
    async () => {
      const { source } = (await status(region('child').nodes[0]!)).feeder;
      return region('core').nodes.find(({ url }) => url === source);
    },
    { what: 'a child to be fed' },
  );
}

test('a parent node killed: the children go on at the next one', async () => {
  const parent = await busyParent();
  await write(10);
  await parent.kill();
  await write(20);
  await timeRecovery({ fault: 'tree: a parent node killed', what: DOWN_THE_TREE }, () => expectNoneMissed());
  await parent.start();
  await write(10);
  await expectNoneMissed();
  await converged();
});

test('a parent node that ends in order tells its children, who go on elsewhere at once', async () => {
  const parent = await busyParent();
  await parent.stop();
  await write(20);
  await expectNoneMissed();
  await parent.start();
  await converged();
});

test('a parent node that is paused: its silence is noticed', async () => {
  const parent = await busyParent();
  await write(10);
  parent.pause();
  await write(20);
  await timeRecovery({ fault: 'tree: a parent node stopped', what: DOWN_THE_TREE }, () => expectNoneMissed());
  parent.resume();
  await write(10);
  await expectNoneMissed();
  await converged();
});

test("the parents' Redis lost: they are fed again, and so are their children", async () => {
  await write(10);
  await region('core').redis.kill();
  await write(10);
  await region('core').redis.start();
  await write(10);
  await timeRecovery({ fault: "tree: the parents' Redis killed, back empty", what: DOWN_THE_TREE }, () =>
    expectNoneMissed(),
  );
  await converged();
});

test("the children's own Redis lost: fed again from before it was lost (I9)", async () => {
  await write(10);
  await expectNoneMissed();
  await region('child').redis.kill();
  await write(10);
  await region('child').redis.start();
  await write(10);
  await timeRecovery({ fault: "tree: the children's Redis killed, back empty", what: DOWN_THE_TREE }, () =>
    expectNoneMissed(),
  );
  await converged();
});

test('all parents gone for a while: the children serve on, and say how old they are', async () => {
  await write(5);
  await expectNoneMissed();
  await Promise.all(region('core').nodes.map(node => node.kill()));
  for (const node of [...region('child').serving, ...region('grandchild').serving]) {
    const aging = async () => (await status(node)).state !== 'FRESH';
    await until(aging, { what: `${node.name} to age` });
    expect((await api(node).list('risk')).status).toBe(200);
    expect((await api(node).request('GET', '/readyz')).status).toBe(200);
  }
  await write(20);
  await Promise.all(region('core').nodes.map(node => node.start()));
  await timeRecovery({ fault: 'tree: all parents killed for a while', what: DOWN_THE_TREE }, () =>
    expectNoneMissed(),
  );
  const fresh = async () => (await status(region('grandchild').serving[0]!)).state === 'FRESH';
  await until(fresh, { what: 'the leaves to be fresh again' });
  await converged();
});

test('a child away for longer than the history reaches back takes the whole state, and says so', async () => {
  const { nodes } = region('child');
  await Promise.all(nodes.map(node => node.kill()));
  await write(3 * HISTORY_LENGTH);
  await Promise.all(nodes.map(node => node.start()));
  await converged();
  const published = await Promise.all(nodes.map(async node => (await status(node)).feeder.published));
  expect(published[0]! + published[1]!).toBeGreaterThan(0);
  const [watcher] = watchers;
  const told = await watcher!.frame(({ type }) => type === 'reset', 'a reset');
  expect(told).toMatchObject({ reason: 'compacted' });
});

/** Begin another life of the store, as after a restore; answers its generation. */
async function beginGeneration(): Promise<string> {
  const etcd = createEtcd({ hosts: [network.etcd.url] });
  const generation = crypto.randomUUID();
  await etcd.txn({ compare: [], success: [{ op: 'put', key: GENERATION_KEY, value: generation }] });
  etcd.close();
  return generation;
}
const isOf = (node: Component, generation: string) =>
  until(async () => (await status(node)).generation === generation, {
    what: `${node.name} to be of generation ${generation}`,
  });

test('a new life of the store goes down the tree, and watchers are told', async () => {
  await write(5);
  await converged();
  const generation = await beginGeneration();
  for (const node of network.serving) await isOf(node, generation);
  for (const watcher of watchers) {
    const reset = await watcher.frame(({ type }) => type === 'reset', 'a reset');
    expect(reset).toMatchObject({ reason: 'generation_changed', generation });
  }
  await write(5);
  await converged();
});

test('a parent cut off from the centre is left for a fresher one, and not gone back to after a new life began', async () => {
  const [core, island] = [region('core').nodes, region('island').nodes] as [Component[], Component[]];
  const [child, sibling] = region('child').nodes as [Component, Component];
  const etcdLink = await createLink(network.etcd.port);
  let answers = 0;
  const islandLink = await createLink(island[0]!.port, '127.0.0.1', () => answers++);
  const parents = { env: { FEED_FROM: `${islandLink.url},${core[0]!.url}` } };
  /** Until the island has been asked so often that it would have been followed. */
  const asked = async () => {
    const before = answers;
    await until(() => answers > before + 5, { what: 'the island to be asked' });
  };
  try {
    await sibling.kill();
    await island[1]!.kill();
    await island[0]!.restart({ env: { ETCD_URLS: etcdLink.url } });
    // It begins at one of the two by chance.
    await until(
      async () => {
        await child.restart(parents);
        return (await status(child)).feeder.source === islandLink.url;
      },
      { what: 'the child to be fed by the island' },
    );
    etcdLink.cut();
    await until(async () => (await status(child)).feeder.source === core[0]!.url, {
      what: 'the child to turn to the fresher parent',
    });
    await write(5);
    const old = (await status(island[0]!)).generation;
    const generation = await beginGeneration();
    await isOf(child, generation);

    await Promise.all(core.map(node => node.kill()));
    await asked();
    await region('child').redis.restart();
    await asked();
    expect((await status(child)).generation).toBe(generation);
    await Promise.all(core.map(node => node.start()));
    await until(async () => (await status(child)).state === 'FRESH', { what: 'the child to be fed again' });
    // A feeder that has just started knows of the other life from Redis alone.
    await Promise.all(core.map(node => node.kill()));
    await child.restart(parents);
    await asked();
    expect((await status(child)).generation).toBe(generation);
    expect((await status(island[0]!)).generation).toBe(old);
  } finally {
    etcdLink.heal();
    await Promise.all([...core, ...island, child, sibling].map(node => node.restart()));
    await Promise.all([etcdLink.close(), islandLink.close()]);
  }
  await write(5);
  await converged();
});

test('silence is no loss: without heartbeats the children stay where they are, and age', async () => {
  const source = async () => (await status(region('child').nodes[0]!)).feeder.source;
  const before = await source();
  network.authority.pause();
  // Longer than a link may be silent: pings keep it.
  for (const node of [...region('child').nodes, ...region('grandchild').nodes])
    await until(async () => (await status(node)).age > 4.5, { what: `${node.name} to age` });
  expect(await source()).toBe(before);
  network.authority.resume();
  await write(5);
  await expectNoneMissed();
});

test('a child that was cut off goes on where it was, over a link that was half open', async () => {
  const link = await createLink(region('core').nodes[0]!.port);
  const [child, sibling] = region('child').nodes as [Component, Component];
  try {
    await sibling.kill();
    await child.restart({ env: { FEED_FROM: link.url } });
    await write(5);
    await expectNoneMissed();
    link.hang();
    await write(10);
    await until(async () => (await status(child)).state !== 'FRESH', { what: 'the child to age' });
    link.heal();
    await expectNoneMissed();
  } finally {
    await child.restart();
    await link.close();
  }
});
