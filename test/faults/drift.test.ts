/** What drifts from the store without anybody being told is found, counted and healed. */
import { configurationKey, HEARTBEAT_KEY, type WatchFrame } from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { etcdDigest } from '../guarantees/etcd-digest.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { timeRecovery } from '../harness/recovery.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { startWatcher, type Watcher } from '../harness/watcher.ts';

interface Status {
  readonly generation: string;
  readonly revision: number;
  readonly digest: string;
  readonly feeder: { readonly repaired_keys: number };
  readonly drift: {
    readonly found: number;
    readonly parts: readonly string[];
    readonly verified_revision: number | null;
    readonly region_checks: number;
    readonly region_found: number;
  };
}

const REGION = 'eu-west';
const key = (name: string) => configurationKey({ environment: 'TEST', service: 'risk', key: name });
const record = (value: number) => JSON.stringify({ config_value: value, version: value });

let network: TestNetwork;
let store: Etcd;
let watchers: Watcher[];

/** With the region checked each `checkMs`: often, or not within a test. */
async function start(checkMs: number): Promise<void> {
  network = await startTestNetwork({
    regionNames: [REGION],
    runtime: ['bun', 'node'],
    authorityEnv: { HEARTBEAT_INTERVAL_MS: '200' },
    nodeEnv: { CHECK_REGION_MS: String(checkMs), LOG_LEVEL: 'info' },
  });
  store = createEtcd({ hosts: [network.etcd.url] });
  for (let value = 1; value <= 20; value++) await put(`k${value}`, value);
  await allVerified();
}
beforeEach(() => {
  watchers = [];
});
afterEach(async () => {
  for (const watcher of watchers) watcher.close();
  store.close();
  await network.stop();
});

const put = async (name: string, value: number) =>
  (await store.txn({ compare: [], success: [{ op: 'put', key: key(name), value: record(value) }] })).revision;
const statusOf = async ({ url }: Component): Promise<Status> =>
  (await (await fetch(`${url}/status`)).json()) as Status;
const statuses = () => Promise.all(network.serving.map(statusOf));
const sum = (all: readonly Status[], of: (status: Status) => number) =>
  all.reduce((total, status) => total + of(status), 0);
const repaired = async () => sum(await statuses(), status => status.feeder.repaired_keys);

/**
 * Every node has compared itself with the store as it is now, and holds exactly that. What it is now is asked
 * each time: the authority writes on its own, in a new generation the first token too.
 */
async function allVerified(): Promise<void> {
  const { revision } = await store.read([]);
  const all = async () => {
    const digest = await etcdDigest(network.etcd.url);
    const verified = ({ drift, digest: own }: Status) =>
      drift.parts.length === 0 && (drift.verified_revision ?? 0) >= revision && own === digest;
    return (await statuses()).every(verified);
  };
  await until(all, { what: 'every node to equal etcd', timeoutMs: 60_000 });
}

/** A command on one of the generation's keys in Redis. */
async function tamper(command: string, of: 'snapshot' | 'stream', ...words: string[]): Promise<string> {
  const { generation } = await statusOf(network.serving[0]!);
  return redisCommand(network.regions[0]!.redis, command, `{qv:${REGION}}:${generation}:${of}`, ...words);
}
const spoilHash = async () => {
  await tamper('HSET', 'snapshot', key('k1'), `5:${record(666)}`, key('extra'), `5:${record(1)}`);
  await tamper('HDEL', 'snapshot', key('k2'));
};
const wrongFields = async () => {
  const hash = await tamper('HMGET', 'snapshot', key('k1'), key('k2'), key('k11'), key('extra'));
  // `k2` must be there and `extra` must not; the others may change.
  return (hash.match(/666/g)?.length ?? 0) + Math.abs((hash.match(/\$-1/g)?.length ?? 0) - 1);
};

describe('what went wrong in Redis', () => {
  test('is found by a node that compares, and mended: a wrong value, a lost one, one too many', async () => {
    await start(500);
    await spoilHash();
    await timeRecovery(
      {
        fault: 'Redis holds wrong values',
        what: 'from the fault until mended',
        note: 'compared every 0.5 s',
      },
      () => until(async () => (await repaired()) === 3, { what: 'three keys to be mended' }),
    );
    expect(sum(await statuses(), ({ drift }) => drift.region_found)).toBeGreaterThan(0);
    // One that starts from Redis now holds what etcd does, and was never wrong.
    await network.serving[0]!.restart();
    await allVerified();
    expect(sum(await statuses(), ({ drift }) => drift.found)).toBe(0);
  });

  test('is found by a node that starts from it', async () => {
    await start(600_000);
    await spoilHash();
    await network.serving[1]!.restart();
    await until(async () => (await statusOf(network.serving[1]!)).drift.found === 1, { what: 'drift' });
    await allVerified();
    expect((await statuses()).map(({ drift }) => drift.found)).toEqual([0, 1]);
    await network.serving[0]!.restart();
    await allVerified();
    expect((await statuses()).map(({ drift }) => drift.found)).toEqual([0, 1]);
  });

  test('is mended while changes flow, and nothing else is touched', async () => {
    await start(500);
    let changing = true;
    let changes = 0;
    const putting = (async () => {
      for (; changing; changes++) {
        const deleted = changes % 7 === 0;
        const name = `k${10 + (changes % 10)}`;
        if (deleted) await store.txn({ compare: [], success: [{ op: 'delete', key: key(name) }] });
        else await put(name, changes);
        await new Promise(resolve => setTimeout(resolve, 5));
      }
    })();
    for (let round = 1; round <= 3; round++) {
      await spoilHash();
      // A value that is about to be changed may be mended, or be replaced first.
      await tamper('HSET', 'snapshot', key('k11'), `5:${record(666)}`);
      const mended = async () => (await wrongFields()) === 0 && changes >= 100 * round;
      await until(mended, { what: 'the keys to be mended while 100 others change' });
    }
    changing = false;
    await putting;
    expect(await repaired()).toBeGreaterThanOrEqual(9);
    await network.serving[0]!.restart();
    await allVerified();
    expect(sum(await statuses(), ({ drift }) => drift.found)).toBe(0);
  });
});

describe('a stream that tells what never was', () => {
  const forged = (name: string) => ['prev', '1', key(name), `=${record(666)}`, '<', '-'];

  /**
   * Write an entry into the stream while nothing else does, and let go on when every watcher was shown it.
   * `idOf` is told the store's revision; the newest ones up to it are not distributed.
   */
  async function forge(name: string, idOf: (revision: number) => string): Promise<void> {
    watchers = network.serving.map(({ url }) =>
      startWatcher({ nodes: [url], service: 'risk', environment: 'TEST' }),
    );
    await Promise.all(watchers.map(each => each.frame(frame => frame.type === 'snapshot', 'a snapshot')));
    network.authority.pause();
    // What the authority had sent before it was paused lands before the last of these.
    for (let count = 0; count < 40; count++)
      await store.txn({ compare: [], success: [{ op: 'put', key: '/elsewhere', value: String(count) }] });
    const { revision, entries } = await store.read([HEARTBEAT_KEY]);
    const distributed = entries[0]!.modRevision;
    const caughtUp = async () => (await statuses()).every(status => status.revision === distributed);
    await until(caughtUp, { what: 'every node to be up to date' });
    await tamper('XADD', 'stream', idOf(revision), ...forged(name));
    await everyWatcher(
      frame => frame.type === 'update' && frame.updates[0]?.config_key === name,
      'the false update',
    );
    network.authority.resume();
  }
  const everyWatcher = (fits: (frame: WatchFrame) => boolean, what: string) =>
    Promise.all(watchers.map(each => each.frame(fits, what, 30_000)));

  /** Each watcher is told of the mistake, with the truth, and each node has counted it. */
  async function toldOfDrift(name: string): Promise<void> {
    await everyWatcher(frame => frame.type === 'reset' && frame.reason === 'drift', 'a reset');
    await allVerified();
    for (const { received } of watchers) {
      const told = await until(
        () => {
          const last = received.findLast(({ frame }) => frame.type === 'snapshot' || frame.type === 'reset');
          return last?.frame.type === 'snapshot' ? last : undefined;
        },
        { what: 'a snapshot' },
      );
      expect(told.frame).not.toHaveProperty(['configurations', name]);
    }
    expect((await statuses()).map(({ drift }) => drift.found)).toEqual([1, 1]);
  }

  test('leaves nodes with a false key until the next heartbeat', async () => {
    await start(600_000);
    await forge('false', revision => `${revision}-0`);
    await timeRecovery(
      { fault: 'nodes hold a false value', what: 'from the fault until found, healed and told to watchers' },
      () => toldOfDrift('false'),
    );
    expect(await repaired()).toBe(0);
  });

  test('in the place of one that was to come, leaves nodes with it no longer', async () => {
    await start(600_000);
    await forge('taken', revision => `${revision + 1}-0`);
    // The whole state takes the place of the stream: a node that is not at that revision yet loads it.
    await allVerified();
    for (const { url } of network.serving)
      expect(
        (await network.api({ url } as Component).get('risk', 'taken', { environment: 'TEST' })).status,
      ).toBe(404);
  });

  test('of a revision far ahead neither stops the feeders nor keeps the nodes there', async () => {
    await start(600_000);
    await forge('ahead', () => '*');
    await toldOfDrift('ahead');
  });

  test('or tells nothing at all, is replaced', async () => {
    await start(600_000);
    await tamper('XADD', 'stream', '*', 'what', 'is this');
    await put('after', 1);
    await allVerified();
    expect(sum(await statuses(), ({ drift }) => drift.found)).toBe(0);
  });
});

test('nothing is found where nothing is wrong: feeders and nodes killed, Redis wiped, another generation', async () => {
  await start(300);
  const beat = async () => {
    const before = (await store.read([])).revision;
    for (let count = 0; count < 30; count++) await put(`k${count % 20}`, count);
    await until(async () => (await store.read([])).revision > before + 31, { what: 'a heartbeat' });
    await allVerified();
    expect(sum(await statuses(), ({ drift }) => drift.found + drift.region_found)).toBe(0);
  };
  const checks = async () => sum(await statuses(), ({ drift }) => drift.region_checks);
  await until(async () => (await checks()) > 2, { what: 'the region to be checked' });
  await beat();
  await redisCommand(network.regions[0]!.redis, 'FLUSHALL');
  await beat();
  await network.regions[0]!.redis.kill();
  await network.regions[0]!.redis.start();
  await beat();
  await network.authority.restart();
  await beat();
  await network.etcd.kill();
  await network.etcd.start();
  await beat();
  await network.etcd.kill();
  network.etcd.wipe();
  await network.etcd.start();
  await beat();
  await network.serving[1]!.restart();
  await beat();
});
