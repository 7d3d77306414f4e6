/** Told to end, an app ends in order: at any moment of its start, and whatever has become of its stores. It hangs nowhere. */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority, createReadNode } from '../../infra/stack/apps.ts';
import type { Component, Exit } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import type { Runtime } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

/** The first moment and the steps to the next, of the time that a start takes. Half of it is loading code. */
const FIRST = 0.5;
const STEP = 0.08;

let network: TestNetwork;
const ports = createPorts();
beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu-west'], runtime: ['bun', 'node'] });
});
afterAll(() => network?.stop());

async function another(app: 'authority' | 'node', runtime: Runtime, name: string): Promise<Component> {
  const options = { name, dir: network.dir, port: await ports.next(), runtime };
  const env = { ETCD_URLS: network.etcd.url, READS: 'open', LOG_LEVEL: 'info' };
  if (app === 'node') {
    const region = network.regions[0]!;
    return createReadNode({
      ...options,
      env: { ...env, REGION: region.name, REDIS_URL: region.redis.url, NODE_ID: name },
    });
  }
  const adminToken = `${network.dir}/admin-token`;
  return createAuthority({
    ...options,
    env: { ...env, POSTGRES_URL: network.postgres.url, ADMIN_TOKEN_FILE: adminToken },
  });
}

/** How it ends when it is told to: 1 after its own limit. */
async function stopped(component: Component): Promise<Exit> {
  const ended = component.ended();
  await component.stop();
  return ended;
}

const isReady = (component: Component) =>
  fetch(`${component.url}/readyz`).then(
    answer => answer.status === 200,
    () => false,
  );

test.each([
  ['authority', 'node'],
  ['node', 'node'],
  ['node', 'bun'],
] as const)('%s on %s, at any moment of its start', async (app, runtime) => {
  const first = await another(app, runtime, `first-${app}-${runtime}`);
  const startedAt = performance.now();
  await first.start();
  const startMs = performance.now() - startedAt;
  await first.stop();
  const how: { afterMs: number; wasReady: boolean; exit: Exit }[] = [];
  do {
    const component = await another(app, runtime, `${app}-${runtime}-${how.length}`);
    const afterMs = Math.round(startMs * (FIRST + STEP * how.length));
    await component.start({ wait: false });
    await pause(afterMs);
    const wasReady = await isReady(component);
    how.push({ afterMs, wasReady, exit: await stopped(component) });
    // A start may take longer than the first one did, on a busy machine: the last moment is one when it was ready.
  } while (!how.at(-1)!.wasReady);
  // Before it listens for signals one ends it at once.
  const inOrder: readonly Exit[] = [0, 'SIGTERM'];
  expect(how.filter(({ exit }) => !inOrder.includes(exit))).toEqual([]);
  expect(how.at(-1)).toMatchObject({ wasReady: true, exit: 0 });
});

type Store = 'etcd' | 'postgres' | 'redis';
const ALL: readonly Store[] = ['etcd', 'postgres', 'redis'];

test.each<['killed' | 'frozen', readonly Store[]]>([
  ['killed', ALL],
  ['frozen', ALL],
  ['frozen', ['postgres']],
])('stores are %s for so long that everybody has noticed: %s', async (how, names) => {
  const { etcd, postgres } = network;
  const stores = names.map(name => ({ etcd, postgres, redis: network.regions[0]!.redis })[name]);
  const apps = [network.authority, ...network.serving];
  await Promise.all(stores.map(each => (how === 'killed' ? each.kill() : each.pause())));
  try {
    const unready = async () => (await fetch(`${network.authority.url}/readyz`)).status === 503;
    await until(unready, { what: 'the authority to miss its stores' });
    await until(() => !names.includes('redis') || nodesMissRedis(), { what: 'the nodes to miss theirs' });
    expect(await Promise.all(apps.map(stopped))).toEqual(apps.map(() => 0));
  } finally {
    await Promise.all(stores.map(each => (each.running ? each.resume() : each.start())));
    await Promise.all(apps.map(each => each.start()));
  }
});

async function nodesMissRedis(): Promise<boolean> {
  const answers = await Promise.all(network.serving.map(each => network.api(each).status()));
  return answers.every(({ body }) => !(body.follower as { connected: boolean }).connected);
}
