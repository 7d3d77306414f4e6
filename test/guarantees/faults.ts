/** Kills every process of a cluster in turn, each while the others work, and waits until all is well again. */
import type { Component } from '../../infra/stack/component.ts';
import { untilReady } from '../../infra/stack/until-ready.ts';
import type { Cluster } from './cluster.ts';
import { storeRevision } from './oracle.ts';
import { type Reader, readService } from './readers.ts';
import type { Writers } from './writers.ts';

export interface FaultsOptions {
  readonly cluster: Cluster;
  readonly writers: Writers;
  /** By the name of the node that it reads. */
  readonly readers: ReadonlyMap<string, Reader>;
}

/** Revisions that must be committed while a regional process is down: something to catch up with. */
const MISSED = 20;
const LIMIT_MS = 30_000;

/** One round; answers the names of what was killed. */
export async function killInTurn(options: FaultsOptions): Promise<string[]> {
  const { authority, etcd, regions } = options.cluster;
  const regional = regions.flatMap(({ redis, feeders, nodes }) => [redis, ...feeders, ...nodes]);
  const central = [authority, etcd];
  for (const target of [...regional, ...central]) {
    await killAndRecover(target, central.includes(target), options);
  }
  return [...regional, ...central].map(target => target.name);
}

async function killAndRecover(target: Component, isCentral: boolean, options: FaultsOptions): Promise<void> {
  const { cluster, writers, readers } = options;
  const until = (name: string, probe: () => Promise<boolean> | boolean) =>
    untilReady({ name: `${target.name}: ${name}`, probe: async () => probe(), limitMs: LIMIT_MS });

  const before = isCentral ? 0 : await storeRevision(cluster.etcd.url);
  const failedBefore = writers.failed;
  readers.get(target.name)?.end();
  await target.kill('SIGKILL');
  // The fault must be felt before it is over.
  if (isCentral) await until('a write failed', () => writers.failed > failedBefore);
  else await until('writes went on', async () => (await storeRevision(cluster.etcd.url)) > before + MISSED);
  await target.start();
  readers.get(target.name)?.begin();

  const committed = writers.writes.length;
  await until('writes are acknowledged', () => writers.acknowledgedSince(committed));
  const revision = await storeRevision(cluster.etcd.url);
  await until('every node has caught up', () => everyNodeReached(cluster, revision));
}

/** Whether each node has reached `revision`. A node that is behind waits for a while before it says so. */
export async function everyNodeReached(cluster: Cluster, revision: number): Promise<boolean> {
  const { nodes, token, topics } = cluster;
  const reads = nodes.map(node => readService(node.url, token, topics[0]!, revision));
  return (await Promise.allSettled(reads)).every(read => read.status === 'fulfilled');
}
