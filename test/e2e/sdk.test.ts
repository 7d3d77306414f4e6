/** The client library at real nodes, one on each runtime: what a service sees of changes, refusals, secrets and losses. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CreatedToken, Permission, Propagation } from '@quantivista/contracts';
import {
  type Change,
  type ConfigClientOptions,
  ConfigError,
  createConfigClient,
  type Values,
} from '@quantivista/sdk';
import { createStateFile } from '@quantivista/sdk/state-file';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

/** Seldom enough for any machine, and often enough that a silent node is found soon. */
const nodeEnv = { WATCH_HEARTBEAT_MS: '500' };

let network: TestNetwork;
let dir: string;
const open: { close(): void }[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-sdk-'));
  network = await startTestNetwork({
    reads: 'token',
    runtime: ['bun', 'node'],
    regionNames: ['eu-west'],
    nodeEnv,
  });
  // Before its first heartbeat no node can say how old its state is.
  const isKnown = async (node: Component) =>
    (await network.api(node).list('any')).headers.get('x-config-age') !== 'unknown';
  for (const node of network.serving) await until(() => isKnown(node), { what: 'the age to be known' });
});
afterAll(async () => {
  await network?.stop();
  rmSync(dir, { recursive: true });
});
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  for (const node of network.serving) {
    node.resume();
    if (!node.running) await node.start();
  }
});

const authority = () => network.api(network.authority);
const put = async (service: string, key: string, value: number) => {
  const answer = await authority().put(service, key, value);
  expect(answer.status).toBe(200);
  return answer.revision;
};
const tokenFor = async (name: string, permissions: readonly Permission[]) => {
  const body = { name, permissions };
  const answer = await authority().request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
  expect(answer.status).toBe(201);
  return answer.body;
};

function follow<T = Values>(service: string | undefined, more: Partial<ConfigClientOptions<T>> = {}) {
  const troubles: string[] = [];
  const changes: Change<T>[] = [];
  const config = createConfigClient<T>({
    nodes: network.serving.map(({ url }) => url),
    token: network.token,
    environment: 'production',
    service,
    onTrouble: why => troubles.push(why instanceof ConfigError ? why.code : String(why)),
    ...more,
  });
  config.onChange(change => changes.push(change));
  open.push(config);
  const become = (holds: () => boolean, what: string) =>
    until(holds, { what: `the service to ${what}`, timeoutMs: 20_000, intervalMs: 5 });
  const reached = (revision: number) =>
    become(() => (config.status.seen?.revision ?? -1) >= revision, `reach ${revision}`);
  return { config, troubles, changes, become, reached };
}

test('changes come without a restart, each transaction as one', async () => {
  const first = await put('risk', 'limit', 1);
  const { config, changes, reached } = follow('risk');
  await config.ready();
  await reached(first);
  expect(config.settings).toEqual({ limit: 1 });
  expect(config.status.ageMs).toBeLessThan(30_000);
  const before = changes.length;
  const at = { environment: 'PRODUCTION', service_name: 'risk' } as const;
  const { revision } = await authority().batch(
    [
      { op: 'set', ...at, config_key: 'limit', new_value: { eur: 5 } },
      { op: 'set', ...at, config_key: 'venue', new_value: 'XETR' },
    ],
    { reason: 'quarterly review' },
  );
  await reached(revision);
  expect(config.applied).toMatchObject({ revision, values: { limit: { eur: 5 }, venue: 'XETR' } });
  expect(changes).toHaveLength(before + 1);
  expect(changes.at(-1)!.keys.toSorted()).toEqual(['limit', 'venue']);
  expect(changes.at(-1)!.updates.map(({ updated_by, reason }) => [updated_by, reason])).toEqual([
    ['admin', 'quarterly review'],
    ['admin', 'quarterly review'],
  ]);
  await reached((await authority().del('risk', 'venue')).revision);
  expect(config.settings).toEqual({ limit: { eur: 5 } });
});

test('a whole environment, and keys that begin alike', async () => {
  const all = follow(undefined);
  const some = follow('pricing', { prefix: 'max_' });
  await Promise.all([all.config.ready(), some.config.ready()]);
  await put('pricing', 'min_spread', 1);
  const revision = await put('pricing', 'max_spread', 2);
  await Promise.all([all.reached(revision), some.reached(revision)]);
  expect(some.config.settings).toEqual({ max_spread: 2 });
  expect(all.config.settings).toMatchObject({ 'pricing/min_spread': 1, 'pricing/max_spread': 2 });
});

test('who can’t use a change says so, and goes on with what it had', async () => {
  const first = await put('gate', 'limit', 1);
  const parse = ({ limit }: Values) => {
    if (typeof limit !== 'number' || limit > 100) throw new Error('limit: at most 100');
    return { limit };
  };
  const { config, reached } = follow('gate', { parse, instanceId: 'gate-1' });
  await config.ready();
  await reached(first);
  const refused = await put('gate', 'limit', 1_000);
  await reached(refused);
  expect(config.settings).toEqual({ limit: 1 });
  expect(config.status.refused).toMatchObject({ revision: refused, error: 'limit: at most 100' });
  const told = async (revision: number) =>
    (await authority().request<Propagation>('GET', `/api/v1/propagation/${revision}`)).body.instances.find(
      ({ instance_id }) => instance_id === 'gate-1',
    );
  const what = 'the centre to know';
  const heard = await until(
    async () => {
      const client = await told(refused);
      return client?.state === 'refused' ? client : undefined;
    },
    { what },
  );
  expect(heard.refused).toEqual({ revision: refused, reason: 'limit: at most 100' });
  const used = await put('gate', 'limit', 50);
  await reached(used);
  expect(config.settings).toEqual({ limit: 50 });
  await until(async () => (await told(used))?.state === 'applied', { what });
});

test('secrets are asked for, by those who may see them', async () => {
  const body = { config_type: 'SECRET' };
  expect((await authority().put('vaulted', 'password', 'not-a-real-password', { body })).status).toBe(200);
  const { config } = follow('vaulted');
  await config.ready();
  expect(config.settings).toEqual({ password: { $withheld: 'confidential' } });
  expect(await config.secret('password')).toBe('not-a-real-password');
  await expect(config.secret('nothing')).rejects.toMatchObject({ code: 'configuration_not_found' });
  const told = new Promise(resolve => config.onKey('password', resolve));
  await authority().put('vaulted', 'password', 'another-made-up-one', { body });
  // Its value is not told, but that there is another.
  expect(await told).toEqual({ $withheld: 'confidential' });
  expect(await config.secret('password')).toBe('another-made-up-one');
  const { token } = await tokenFor('reader', ['read']);
  const stranger = follow('vaulted', { token });
  await stranger.config.ready();
  await expect(stranger.config.secret('password')).rejects.toMatchObject({ code: 'confidential' });
});

test('what was revoked ends its stream, and another token goes on', async () => {
  const before = await put('rotated', 'limit', 1);
  const first = await tokenFor('first', ['read']);
  let token = first.token;
  const { config, troubles, become, reached } = follow('rotated', { token: () => token });
  await config.ready();
  await reached(before);
  const { status } = await authority().request('DELETE', `/api/v1/access/tokens/${first.id}`);
  expect(status).toBeLessThan(300);
  await become(() => troubles.length > 0, 'be told');
  expect(['forbidden', 'unauthenticated']).toContain(troubles[0]);
  expect(config.settings).toEqual({ limit: 1 });
  token = (await tokenFor('second', ['read'])).token;
  await reached(await put('rotated', 'limit', 2));
  expect(config.settings).toEqual({ limit: 2 });
});

test.each([
  ['killed', 'bun', 0],
  ['frozen', 'bun', 0],
  ['told to end', 'bun', 0],
  ['killed', 'node', 1],
  ['told to end', 'node', 1],
] as const)('its node %s (%s), it goes on at the next', async (how, _, index) => {
  const nearest = network.serving[index]!;
  const next = network.serving[1 - index]!;
  const service = `moving-${index}`;
  const key = how.replaceAll(' ', '_');
  const nodes = [nearest.url, next.url];
  const { config, changes, become, reached } = follow(service, {
    nodes,
    silenceMs: 3_000,
    requestTimeoutMs: 2_000,
  });
  await config.ready();
  await become(() => config.status.node === nearest.url, 'have the nearest node');
  await reached(await put(service, key, 1));
  if (how === 'killed') await nearest.kill();
  if (how === 'frozen') nearest.pause();
  if (how === 'told to end') await nearest.stop();
  await reached(await put(service, key, 2));
  expect(config.status.node).toBe(next.url);
  expect(config.settings).toMatchObject({ [key]: 2 });
  // It went on from where it was: what it missed came as the update that it was.
  expect(changes.at(-1)!.updates).toHaveLength(1);
});

test('without any node it runs on, aged, and so does one that starts', async () => {
  await put('kept', 'limit', 7);
  const stateStore = createStateFile(join(dir, 'kept.json'));
  const first = follow('kept', { stateStore });
  await first.config.ready();
  await until(async () => (await stateStore.load())?.includes('"limit"'), { what: 'the state to be kept' });
  await first.become(() => first.config.status.ageMs !== undefined, 'know its age');
  for (const node of network.serving) await node.kill();
  await first.become(() => first.config.status.trouble !== undefined, 'notice');
  expect(first.config.settings).toEqual({ limit: 7 });
  const aged = first.config.status.ageMs!;
  await first.become(() => first.config.status.ageMs! > aged, 'age');

  const second = follow('kept', { stateStore });
  await second.config.ready();
  expect(second.config.settings).toEqual({ limit: 7 });
  expect(second.config.status.node).toBeUndefined();
  const other = follow('kept', { stateStore, environment: 'TEST' });
  await expect(other.config.ready(500)).rejects.toThrow('unreachable');

  for (const node of network.serving) await node.start();
  const revision = await put('kept', 'limit', 8);
  await Promise.all([first.reached(revision), second.reached(revision)]);
  expect(second.config.settings).toEqual({ limit: 8 });
  expect(second.changes.map(({ settings }) => settings)).toEqual([{ limit: 7 }, { limit: 8 }]);
  await other.config.ready();
  expect(other.config.settings).toEqual({});
});
