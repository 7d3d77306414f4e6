/**
 * A network under fault: writes go on, watchers and readers look on, every node is asked for its age; then
 * something breaks, stays so for a while and is mended, and all that was recorded is judged.
 */
import { expect } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { etcdDigest } from '../guarantees/etcd-digest.ts';
import type { StoreRevision, Write } from '../guarantees/history.ts';
import { compactStore, readStore, storeRevision } from '../guarantees/oracle.ts';
import type { Writers } from '../guarantees/writers.ts';
import { createLink, type Link } from '../harness/link.ts';
import { startTestNetwork, type TestNetwork, type TestNetworkOptions } from '../harness/network.ts';
import { recordRecovery } from '../harness/recovery.ts';
import { expectGuarantees, type Observation, observe, startQuietWriters } from './observation.ts';

export interface Fault {
  /** As the table of docs/faults.md names it. */
  readonly name: string;
  readonly begin: () => unknown;
  /** What must come about while it lasts, besides what `ages` says. */
  readonly meanwhile?: (writers: Writers) => unknown;
  /** The end of the fault: recovery is counted from when this is done. */
  readonly heal: () => unknown;
  /** Regions that are cut off from the centre: their nodes must say STALE. The others must go on. @default all */
  readonly ages?: readonly string[];
  /** Nodes that are down or start anew: they alone may be unready, and need not be STALE. */
  readonly down?: readonly Component[];
  /** Watchers may be told that they missed something. */
  readonly resets?: boolean;
  /** `begin` ends the store's life: nobody writes meanwhile, and what was written before is gone. */
  readonly endsLife?: boolean;
  readonly note?: string;
}

export interface NetworkUnderFault {
  readonly network: TestNetwork;
  /** Between a region's nodes and etcd, or their Redis; by region. */
  readonly etcdLinks: ReadonlyMap<string, Link>;
  readonly redisLinks: ReadonlyMap<string, Link>;
  /** Let it happen and judge it: I1 to I5, and digests equal to etcd's in the end. */
  undergo(fault: Fault): Promise<void>;
  /** Compact etcd as of now; its history until then is kept aside, to judge by. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

interface Status {
  readonly ready: boolean;
  readonly revision: number;
  readonly digest: string;
  readonly state: string;
}

export async function startNetworkUnderFault(options: TestNetworkOptions = {}): Promise<NetworkUnderFault> {
  const etcdLinks = new Map<string, Link>();
  const redisLinks = new Map<string, Link>();
  const network = await startTestNetwork({
    route: async (url, region) => {
      // A link leads to one port: several members are reached without.
      if (url.includes(',')) return url;
      const { protocol, hostname, port } = new URL(url);
      if (hostname !== '127.0.0.1') return url;
      const link = await createLink(Number(port));
      (protocol === 'redis:' ? redisLinks : etcdLinks).set(region, link);
      return `${protocol}//127.0.0.1:${link.port}`;
    },
    ...options,
    authorityEnv: { HEARTBEAT_INTERVAL_MS: '200', ...options.authorityEnv },
    // Short, so that a fault need not last long to be seen.
    nodeEnv: { AGING_AFTER_MS: '700', STALE_AFTER_MS: '1500', WATCH_HEARTBEAT_MS: '300', ...options.nodeEnv },
  });
  const { regions, serving } = network;
  const storeUrl = () => network.etcdMembers.find(member => member.running)!.url;
  const storeNow = () => until(() => storeRevision(storeUrl()), { what: 'etcd to answer' });
  let writes: Write[] = [];
  let kept: StoreRevision[] = [];
  /** The first revision that is not in `kept`. */
  let keptUntil = 1;
  let faults = 0;
  const wholeStore = async () => [...kept, ...(await readStore(storeUrl(), keptUntil))];

  /** The first moment at which each of the nodes is FRESH and has reached what etcd now holds. */
  async function allFresh(nodes: readonly Component[], what: string): Promise<(Status & { at: number })[]> {
    const revision = await storeNow();
    const fresh = async (node: Component) => {
      const status = await statusOf(node);
      return status.ready && status.state === 'FRESH' && status.revision >= revision
        ? { ...status, at: performance.now() }
        : undefined;
    };
    return Promise.all(nodes.map(node => until(() => fresh(node), { what: `${node.name} FRESH ${what}` })));
  }

  async function happen(fault: Fault, observation: Observation): Promise<void> {
    const { name, down = [], ages = regions.map(region => region.name), endsLife = false } = fault;
    const cutOff = regions.filter(each => ages.includes(each.name)).flatMap(each => each.serving);
    let writers = startQuietWriters(network, `fault-${++faults}`);
    let unhealed = false;
    try {
      const begun = () => writers.changed > 20 && observation.watchers.every(watcher => watcher.reached > 0);
      await until(begun, { what: 'writes and watchers to be under way' });
      await allFresh(serving, `before ${name}`);

      for (const node of down) observation.readers.get(node.name)?.end();
      if (endsLife) await writers.stop();
      const beganAt = performance.now();
      unhealed = true;
      await fault.begin();
      if (endsLife) {
        [writes, kept, keptUntil] = [[], [], 1];
        writers = startQuietWriters(network, `fault-${faults}-after`);
      }
      const stale = async (node: Component) => (await statusOf(node)).state === 'STALE';
      for (const node of cutOff.filter(each => !down.includes(each)))
        await until(() => stale(node), { what: `${node.name} to be STALE: ${name}` });
      if (cutOff.length < serving.length)
        await allFresh(
          serving.filter(node => !cutOff.includes(node) && !down.includes(node)),
          `amid ${name}`,
        );
      await fault.meanwhile?.(writers);
      const sent = writers.writes.length;
      unhealed = false;
      await fault.heal();
      const healedAt = performance.now();

      const recovered = await allFresh(serving, `after ${name}`);
      for (const { revision, digest } of recovered)
        expect(digest).toBe(await etcdDigest(storeUrl(), revision));
      for (const node of down) observation.readers.get(node.name)?.begin();
      await until(() => writers.acknowledgedSince(sent), { what: `writes to go on after ${name}` });
      recordRecovery({
        fault: name,
        what: 'every node equal to etcd, and FRESH',
        recoveryMs: Math.max(...recovered.map(node => node.at)) - healedAt,
        note: [`lasted ${((healedAt - beganAt) / 1_000).toFixed(1)} s`, fault.note]
          .filter(Boolean)
          .join('; '),
      });
    } finally {
      // One fault that fails its test must not fail the next one's.
      if (unhealed) await fault.heal();
      await writers.stop();
      writes.push(...writers.writes);
    }
  }

  return {
    network,
    etcdLinks,
    redisLinks,
    undergo: async fault => {
      const observation = observe(network);
      try {
        await happen(fault, observation);
        const last = await storeNow();
        const allSaw = () => observation.watchers.every(watcher => watcher.reached >= last);
        await until(allSaw, { what: `watchers to see everything after ${fault.name}` });
        // Quiet now: the whole of each state is etcd's.
        const statuses = await allFresh(serving, 'in the end');
        const digest = await etcdDigest(storeUrl());
        expect(statuses.map(status => status.digest)).toEqual(statuses.map(() => digest));
      } finally {
        await observation.stop();
      }
      const { down = [], resets = false, endsLife = false } = fault;
      const { generation } = (await network.api(serving[0]!).status()).body as { generation: string };
      const store = await wholeStore();
      expectGuarantees({ observation, generation, store, writes, down, resets: resets || endsLife });
    },
    compact: async () => {
      // What is written meanwhile is of later revisions.
      const revision = await storeNow();
      kept = await wholeStore();
      keptUntil = Math.max(revision, kept.at(-1)!.revision) + 1;
      await compactStore(storeUrl(), revision);
    },
    stop: async () => {
      await network.stop();
      for (const link of [...etcdLinks.values(), ...redisLinks.values()]) await link.close();
    },
  };
}

async function statusOf({ url }: Component): Promise<Status> {
  const answer = await fetch(`${url}/status`, { signal: AbortSignal.timeout(5_000) });
  return (await answer.json()) as Status;
}
