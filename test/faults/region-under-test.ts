/** One region in this process: real etcd and Redis, two feeders, two replicas, each link of them breakable. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Configuration,
  configurationKey,
  DISTRIBUTED_PREFIX,
  EVERYTHING,
  GENERATION_KEY,
} from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { createRegionReader, createRegionWriter } from '@quantivista/region';
import { silentLog } from '@quantivista/runtime';
import { buildSnapshot } from '@quantivista/snapshot';
import { createEtcdSource } from '../../apps/read-node/src/feed/etcd-source.ts';
import { createFeeder, type Feeder } from '../../apps/read-node/src/feed/feeder.ts';
import type { AgeOptions } from '../../apps/read-node/src/follow/age.ts';
import { createFollower, type Follower } from '../../apps/read-node/src/follow/follower.ts';
import type { HistoryEntry } from '../../apps/read-node/src/follow/history.ts';
import { createReplica, type Replica } from '../../apps/read-node/src/follow/replica.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdServer, createRedisServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { createLink, type Link } from '../harness/link.ts';

export interface Node {
  readonly replica: Replica;
  readonly follower: Follower;
  /** Revisions in the order in which they were applied, with what they changed. */
  readonly applied: readonly HistoryEntry[];
  /** Times that the state was replaced after the first. */
  replaced: number;
  stop(): Promise<void>;
}

export interface RegionUnderTest {
  readonly etcd: Component;
  readonly redis: Component;
  /** To etcd itself. */
  readonly store: Etcd;
  /** Between the feeders and etcd. */
  readonly etcdLink: Link;
  /** Between feeders and nodes, and Redis. */
  readonly redisLink: Link;
  readonly feeders: readonly Feeder[];
  readonly nodes: Node[];
  /** A new node, as after a restart; its clocks are this machine's unless told otherwise. */
  startNode(clocks?: Pick<AgeOptions, 'now' | 'monotonic'>): Node;
  startFeeder(): { feeder: Feeder; stop(): Promise<void> };
  /** Begin a store's life; answers its generation. */
  beginGeneration(): Promise<string>;
  /** Put one configuration; answers the revision. */
  put(key: string, value: number): Promise<number>;
  /** Wait until every node has `revision` and equals etcd by digest. */
  converged(revision: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startRegion(): Promise<RegionUnderTest> {
  const dir = mkdtempSync(join(tmpdir(), 'qv-region-'));
  const ports = createPorts();
  const etcd = createEtcdServer({
    name: 'etcd',
    dir,
    port: await ports.next(),
    peerPort: await ports.next(),
  });
  const redis = createRedisServer({ name: 'redis', dir, port: await ports.next() });
  await Promise.all([etcd.start(), redis.start()]);
  const etcdLink = await createLink(etcd.port);
  const redisLink = await createLink(redis.port);
  const store = createEtcd({ hosts: [etcd.url], timeoutMs: 2_000 });
  const stops: (() => Promise<void>)[] = [];
  const nodes: Node[] = [];
  const feeders: Feeder[] = [];
  const options = { url: `redis://127.0.0.1:${redisLink.port}`, region: 'test', blockMs: 200 };

  const startFeeder = () => {
    const abort = new AbortController();
    const region = createRegionWriter(options);
    const client = createEtcd({ hosts: [etcdLink.url], timeoutMs: 2_000 });
    const feeder = createFeeder({ source: createEtcdSource(client, EVERYTHING), region, log: silentLog });
    const running = feeder.run(abort.signal);
    const stop = async () => {
      abort.abort();
      region.close();
      await running;
      client.close();
    };
    stops.push(stop);
    feeders.push(feeder);
    return { feeder, stop };
  };
  const startNode: RegionUnderTest['startNode'] = (clocks = {}) => {
    const abort = new AbortController();
    const region = createRegionReader(options);
    const replica = createReplica({ agingMs: 5_000, staleMs: 30_000, ...clocks });
    const follower = createFollower({ region, replica, log: silentLog, history: { length: 5_000 } });
    const applied: HistoryEntry[] = [];
    const stop = async () => {
      abort.abort();
      region.close();
      await running;
    };
    const node: Node = { replica, follower, applied, replaced: 0, stop };
    replica.listen({
      applied: entry => applied.push(entry),
      replaced: before => {
        if (before) node.replaced++;
      },
    });
    const running = follower.run(abort.signal);
    stops.push(stop);
    nodes.push(node);
    return node;
  };

  const put = async (key: string, value: number) => {
    const record: Partial<Configuration> = { config_key: key, config_value: value, version: value };
    const path = configurationKey({ environment: 'TEST', service: 'risk', key });
    const success = [{ op: 'put' as const, key: path, value: JSON.stringify(record) }];
    return (await store.txn({ compare: [], success })).revision;
  };
  const beginGeneration = async () => {
    const generation = randomUUID();
    await store.txn({ compare: [], success: [{ op: 'put', key: GENERATION_KEY, value: generation }] });
    return generation;
  };

  await beginGeneration();
  for (let count = 0; count < 2; count++) {
    startFeeder();
    startNode();
  }
  return {
    etcd,
    redis,
    store,
    etcdLink,
    redisLink,
    feeders,
    nodes,
    startNode,
    startFeeder,
    beginGeneration,
    put,
    converged: async revision => {
      const listed = await until(() => store.list({ prefix: DISTRIBUTED_PREFIX }), { what: 'etcd to list' });
      if (listed.kind !== 'listed') throw new Error(listed.kind);
      const generation = listed.entries.find(entry => entry.key === GENERATION_KEY)!.value;
      const expected = buildSnapshot(generation, listed.revision, listed.entries).digest();
      for (const node of nodes) {
        const equals = () => {
          const snapshot = node.replica.current?.snapshot;
          return (
            snapshot?.generation === generation &&
            snapshot.revision >= revision &&
            snapshot.digest() === expected
          );
        };
        await until(equals, { what: `a node to equal etcd at revision ${revision}` });
      }
    },
    stop: async () => {
      await Promise.all(stops.map(stop => stop()));
      store.close();
      await Promise.all([etcdLink.close(), redisLink.close(), etcd.stop(), redis.stop()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
