/** etcd is put back to a backup, for real: whatever its revision, everybody reloads and is told. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createEtcd } from '@quantivista/etcd';
import { type Change, type ConfigClient, createConfigClient, type Values } from '@quantivista/sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { etcdDigest } from '../guarantees/etcd-digest.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { timeRecovery } from '../harness/recovery.ts';
import { startWatcher, type Watcher } from '../harness/watcher.ts';

interface Status {
  readonly generation: string;
  readonly revision: number;
  readonly digest: string;
  readonly drift: { readonly found: number };
}

let network: TestNetwork;
let watchers: Watcher[];
/** By the client library; all that it was told of. */
let service: ConfigClient;
let changes: Change<Values>[];
let dir: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-backup-'));
  network = await startTestNetwork({ nodeRoles: ['feed,serve'], runtime: 'bun' });
  const nodes = network.serving.map(({ url }) => url);
  watchers = nodes.map(url => startWatcher({ nodes: [url], service: 'risk' }));
  service = createConfigClient({ nodes, environment: 'production', service: 'risk' });
  changes = [];
  service.onChange(change => changes.push(change));
});
afterEach(async () => {
  for (const each of [...watchers, service]) each.close();
  await network.stop();
  rmSync(dir, { recursive: true, force: true });
});

const dataDir = () => join(dirname(network.etcd.logFile), network.etcd.name);
const backupDir = () => join(dir, network.etcd.name);
const statuses = () =>
  Promise.all(
    network.serving.map(async ({ url }) => (await (await fetch(`${url}/status`)).json()) as Status),
  );
const put = async (value: number) =>
  expect((await network.api(network.authority).put('risk', 'a', value)).status).toBe(200);
const shown = (value: number) =>
  Promise.all(
    watchers.map(({ received }) =>
      until(
        () => received.some(({ frame }) => frame.type === 'update' && frame.updates[0]?.new_value === value),
        {
          what: `every watcher to see ${value}`,
        },
      ),
    ),
  );

async function backUp(): Promise<void> {
  await network.etcd.stop();
  cpSync(dataDir(), backupDir(), { recursive: true });
  await network.etcd.start();
}

/** Set the backup's revision forward, as `etcdutl snapshot restore --bump-revision` does. */
async function bump(revisions: number): Promise<void> {
  const ports = createPorts();
  const { name } = network.etcd;
  const server = createEtcdServer({ name, dir, port: await ports.next(), peerPort: await ports.next() });
  await server.start();
  const store = createEtcd({ hosts: [server.url] });
  for (let count = 0; count < revisions; count++)
    await store.txn({ compare: [], success: [{ op: 'put', key: '/elsewhere', value: String(count) }] });
  store.close();
  await server.stop();
}

async function restore(): Promise<void> {
  await network.etcd.kill();
  network.etcd.wipe();
  cpSync(backupDir(), dataDir(), { recursive: true });
  await network.etcd.start();
}

/** Every node holds the restored state under a generation of its own, and every watcher was told. */
async function everybodyReloaded(before: string, fault: string): Promise<void> {
  const renewed = async () => {
    const all = await statuses();
    const digest = await etcdDigest(network.etcd.url);
    return all.every(status => status.generation !== before && status.digest === digest);
  };
  await timeRecovery({ fault, what: 'every node in a generation of its own, equal to etcd' }, () =>
    until(renewed, { what: 'every node to be in another generation', timeoutMs: 60_000 }),
  );
  expect(new Set((await statuses()).map(({ generation }) => generation)).size).toBe(1);
  for (const watcher of watchers) {
    await watcher.frame(
      frame => frame.type === 'reset' && frame.reason === 'generation_changed',
      'to be told that the generation has changed',
    );
    await until(
      () => {
        const last = watcher.received.findLast(({ frame }) => frame.type === 'snapshot')?.frame;
        return last?.type === 'snapshot' && last.configurations.a?.config_value === 1;
      },
      { what: 'the restored value' },
    );
  }
  await put(3);
  await shown(3);
  await until(() => service.settings.a === 3, { what: 'the service to run on the restored store' });
  const lives = changes.map(({ generation }) => generation);
  // Once in the new life it is never taken back to the one before, whichever node it asks.
  expect(lives.lastIndexOf(before)).toBeLessThan(lives.findIndex(life => life !== before));
  expect((await statuses()).map(({ drift }) => drift.found)).toEqual([0, 0]);
}

describe.each([
  ['at a lower revision', 0],
  ['at a higher revision', 300],
])('a store restored %s', (how, forward) => {
  test('while the authority runs', async () => {
    await put(1);
    await backUp();
    if (forward > 0) await bump(forward);
    await until(() => put(2), { what: 'etcd to take a write again' });
    await shown(2);
    const [{ generation, revision }] = (await statuses()) as [Status, Status];
    expect(revision).toBeLessThan(forward === 0 ? Number.POSITIVE_INFINITY : forward);
    await restore();
    await everybodyReloaded(generation, `etcd restored ${how}, the authority running`);
  });

  test('while the authority was away', async () => {
    await put(1);
    await backUp();
    if (forward > 0) await bump(forward);
    await until(() => put(2), { what: 'etcd to take a write again' });
    await shown(2);
    const [{ generation }] = (await statuses()) as [Status, Status];
    await network.authority.kill();
    await restore();
    await network.authority.start();
    await everybodyReloaded(generation, `etcd restored ${how}, the authority away`);
  });
});

test('a store that was merely away is the same', async () => {
  await put(1);
  const [{ generation }] = (await statuses()) as [Status, Status];
  await network.etcd.kill();
  await network.etcd.start();
  await until(() => put(2), { what: 'etcd to take a write again' });
  await network.authority.restart();
  await put(3);
  await shown(3);
  const all = await statuses();
  expect(all.map(status => [status.generation, status.drift.found])).toEqual([
    [generation, 0],
    [generation, 0],
  ]);
});
