/** Kills every process of a network in turn, each while the others work, and waits until all is well again. */
import type { Component } from '../../infra/stack/component.ts';
import type { Network } from '../../infra/stack/network.ts';
import { until } from '../../infra/stack/until.ts';
import type { Topic } from './history.ts';
import { storeRevision } from './oracle.ts';
import type { Random } from './random.ts';
import { type Reader, readService } from './readers.ts';
import type { Writers } from './writers.ts';

export interface FaultsOptions {
  readonly network: Network;
  readonly topics: readonly Topic[];
  readonly writers: Writers;
  /** By the name of the node that is read. */
  readonly readers: ReadonlyMap<string, Reader>;
  readonly random: Random;
}

/** Revisions that must be committed while a regional process is down: something to catch up with. */
const MISSED = 20;

/** One round, in an order of chance; answers the names of what was killed. */
export async function killInTurn(options: FaultsOptions): Promise<string[]> {
  const { authority, etcd, regions } = options.network;
  const central = [authority, etcd];
  const left = [...central, ...regions.flatMap(({ redis, nodes }) => [redis, ...nodes])];
  const killed: string[] = [];
  while (left.length > 0) {
    const [target] = left.splice(options.random.below(left.length), 1);
    await (central.includes(target!) ? killCentral : killRegional)(target!, options);
    killed.push(target!.name);
  }
  return killed;
}

/** Writes go on meanwhile, and the process has to catch up with them. */
async function killRegional(target: Component, options: FaultsOptions): Promise<void> {
  const { url } = options.network.etcd;
  const before = await storeRevision(url);
  const reader = options.readers.get(target.name);
  reader?.end();
  await target.kill('SIGKILL');
  await until(async () => (await storeRevision(url)) > before + MISSED, {
    what: `writes to go on without ${target.name}`,
  });
  await target.start();
  reader?.begin();
  await recovered(target, options);
}

/** Writes under way are lost or in doubt: at least one must have been, or the fault was not felt. */
async function killCentral(target: Component, options: FaultsOptions): Promise<void> {
  const { writers } = options;
  const before = writers.failed;
  await target.kill('SIGKILL');
  await until(() => writers.failed > before, { what: `a write to fail without ${target.name}` });
  await target.start();
  await recovered(target, options);
}

async function recovered(target: Component, { network, topics, writers }: FaultsOptions): Promise<void> {
  const seen = writers.writes.length;
  await until(() => writers.acknowledgedSince(seen), {
    what: `writes to be acknowledged after ${target.name}`,
  });
  const revision = await storeRevision(network.etcd.url);
  await until(() => everyNodeReached(network, topics[0]!, revision), {
    what: `every node to catch up after ${target.name}`,
  });
}

export const servingNodes = ({ regions }: Network): Component[] => regions.flatMap(region => region.serving);

/** Whether each node has reached `revision`. A node that is behind waits for a while before it says so. */
export async function everyNodeReached(network: Network, topic: Topic, revision: number): Promise<boolean> {
  const { token } = network;
  const reads = servingNodes(network).map(node => readService(node.url, token, topic, revision));
  return (await Promise.allSettled(reads)).every(read => read.status === 'fulfilled');
}
