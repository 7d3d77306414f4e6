/** A node that starts while neither its region nor the centre answers: from the state that it kept on disk. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENVIRONMENTS } from '@quantivista/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeState } from '../../apps/read-node/src/follow/state-file.ts';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { etcdDigest } from '../guarantees/etcd-digest.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { timeRecovery } from '../harness/recovery.ts';

interface Status {
  readonly generation: string;
  readonly revision: number;
  readonly state: string;
  readonly digest: string;
  readonly history_floor: number;
  readonly follower: { readonly connected: boolean; readonly loads: number };
  readonly disk: { readonly saved_revision: number | null };
}

let network: TestNetwork;
let dir: string;
let path: string;
let node: Component;

async function start(runtime: 'bun' | 'node' = 'bun'): Promise<void> {
  dir = mkdtempSync(join(tmpdir(), 'qv-disk-'));
  path = join(dir, 'state');
  network = await startTestNetwork({
    regionNames: ['eu-west'],
    nodeRoles: ['feed,serve'],
    runtime,
    nodeEnv: {
      SNAPSHOT_PATH: path,
      SNAPSHOT_INTERVAL_MS: '50',
      AGING_AFTER_MS: '2000',
      STALE_AFTER_MS: '3000',
    },
  });
  node = network.serving[0]!;
}
afterEach(async () => {
  await network.stop();
  rmSync(dir, { recursive: true, force: true });
});

const status = async (): Promise<Status> => (await (await fetch(`${node.url}/status`)).json()) as Status;
const put = async (key: string, value: number) => {
  const answer = await network.api(network.authority).put('risk', key, value);
  expect(answer.status).toBe(200);
  return answer.revision;
};
const read = () => network.api(node).list('risk');
const isSaved = (revision: number) =>
  until(async () => ((await status()).disk.saved_revision ?? 0) >= revision, {
    what: 'the state to be saved',
  });
const cutOff = () =>
  Promise.all([network.etcd, network.authority, network.regions[0]!.redis].map(each => each.kill()));
async function reconnect(): Promise<void> {
  await Promise.all([network.etcd.start(), network.regions[0]!.redis.start()]);
  await network.authority.start();
}
const equalsEtcd = () =>
  until(async () => (await status()).digest === (await etcdDigest(network.etcd.url)), {
    what: 'the node to equal etcd',
  });

describe.each(['bun', 'node'] as const)('on %s', runtime => {
  test('serves what it had, visibly stale, and goes on when the others are back', async () => {
    await start(runtime);
    await put('a', 1);
    await isSaved(await put('b', 2));
    const before = await status();
    await node.kill();
    await cutOff();
    await timeRecovery({ fault: `no Redis and no centre (${runtime})`, what: 'a node ready from disk' }, () =>
      node.start(),
    );
    const after = await status();
    expect(after).toMatchObject({ generation: before.generation, digest: before.digest });
    expect(after.history_floor).toBe(after.revision);
    expect((await read()).body).toEqual({ a: 1, b: 2 });
    const stale = async () => (await read()).headers.get('x-config-state') === 'STALE';
    await until(stale, { what: 'the age to show' });
    await reconnect();
    await put('a', 3);
    const back = { fault: `no Redis and no centre (${runtime})`, what: 'that node equal to etcd again' };
    await timeRecovery(back, equalsEtcd);
    expect((await read()).body).toEqual({ a: 3, b: 2 });
    await until(async () => (await status()).state === 'FRESH', { what: 'the age to be small again' });
    expect((await status()).generation).toBe(before.generation);
  });
});

describe('a file', () => {
  test('that is behind its region is left for what the region has', async () => {
    await start();
    await isSaved(await put('a', 1));
    await node.stop();
    const old = readFileSync(path, 'utf8');
    await node.start();
    await put('a', 2);
    await equalsEtcd();
    await node.kill();
    writeFileSync(path, old);
    await node.start();
    await equalsEtcd();
    expect((await read()).body).toEqual({ a: 2 });
  });

  test('of another generation is served until the region has the new one', async () => {
    await start();
    await isSaved(await put('a', 1));
    const before = await status();
    await node.kill();
    await cutOff();
    await node.start();
    expect((await read()).body).toEqual({ a: 1 });
    network.etcd.wipe();
    await reconnect();
    await put('b', 2);
    await until(async () => (await status()).generation !== before.generation, { what: 'the generation' });
    await equalsEtcd();
    expect((await read()).body).toEqual({ b: 2 });
  });

  test('that was cut off or altered is refused: not ready rather than wrong', async () => {
    await start();
    await isSaved(await put('a', 1));
    await node.kill();
    await cutOff();
    const text = readFileSync(path, 'utf8');
    const spoilt = [
      text.slice(0, text.length / 2),
      text.replace('"config_value\\":1', '"config_value\\":7'),
      '',
    ];
    for (const contents of spoilt) {
      expect(contents).not.toBe(text);
      writeFileSync(path, contents);
      await node.start({ wait: false });
      const refused = () => readFileSync(node.logFile, 'utf8').includes('the state on disk is not used');
      await until(refused, { what: 'the file to be refused' });
      expect((await fetch(`${node.url}/readyz`)).status).toBe(503);
      expect((await read()).status).toBe(503);
      await node.kill();
      writeFileSync(node.logFile, '');
    }
    writeFileSync(path, text);
    await node.start();
    expect((await read()).body).toEqual({ a: 1 });
  });

  test('is whole at every moment, however often the node is killed while it writes', async () => {
    await start();
    const revisions: number[] = [];
    for (let round = 1; round <= 5; round++) {
      for (let value = 0; value < 10; value++) await put(`k${value}`, round * value);
      await isSaved(await put('round', round));
      // In the midst of the next one, perhaps.
      const writing = put('next', round);
      await node.kill();
      await writing;
      revisions.push(decodeState(readFileSync(path, 'utf8'), ENVIRONMENTS).revision);
      await node.start();
    }
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    await equalsEtcd();
  });

  test('has the newest heartbeat when the node ends by itself', async () => {
    await start();
    await isSaved(await put('a', 1));
    const { revision } = await status();
    await until(async () => (await status()).revision > revision + 1, { what: 'heartbeats' });
    const before = await status();
    await node.stop();
    expect(decodeState(readFileSync(path, 'utf8'), ENVIRONMENTS).revision).toBeGreaterThanOrEqual(
      before.revision,
    );
  });
});
