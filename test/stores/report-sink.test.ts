/** Reports of regions on a real etcd: they stand while they are kept alive, and nobody takes another's away. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RegionReport, regionInstancesKey, regionKey } from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { silentLog } from '@quantivista/runtime';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRegions, type Regions } from '../../apps/authority/src/network/regions.ts';
import { createEtcdSink, type EtcdSink } from '../../apps/read-node/src/report/etcd-sink.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { askEtcd } from '../harness/etcd-gateway.ts';
import { createLink, type Link } from '../harness/link.ts';

const LEASE_S = 3;

let dir: string;
let server: Component;
let link: Link;
let etcd: Etcd;
let region: string;
let count = 0;
const ends: (() => void)[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-sink-'));
  const ports = createPorts();
  server = createEtcdServer({ name: 'etcd', dir, port: await ports.next(), peerPort: await ports.next() });
  await server.start();
  link = await createLink(server.port);
  etcd = createEtcd({ hosts: [server.url] });
});
afterAll(async () => {
  etcd.close();
  await link.close();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  region = `r${count++}`;
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function openSink(url = server.url): EtcdSink {
  const client = createEtcd({ hosts: [url], timeoutMs: 1_000 });
  const sink = createEtcdSink({ etcd: client, leaseS: LEASE_S, log: silentLog });
  ends.push(sink.close, client.close);
  return sink;
}
async function followRegions(): Promise<Regions> {
  const stop = new AbortController();
  const client = createEtcd({ hosts: [link.url], timeoutMs: 1_000 });
  const regions = createRegions({ etcd: client, log: silentLog });
  regions.run(stop.signal).then(client.close);
  ends.push(() => stop.abort());
  await until(() => regions.known, { what: 'the regions to be read' });
  return regions;
}
const report = (instance_ids: string[] = [], revision = 1): RegionReport => ({
  region,
  reporter: 'node',
  at: 1,
  generation: '11111111-1111-4111-8111-111111111111',
  revision,
  nodes: [
    {
      node_id: 'node',
      runtime: 'node 26',
      generation: null,
      revision,
      state: 'FRESH',
      watchers: instance_ids.length,
      audiences: { 'TEST/risk': { instance_ids, watchers: instance_ids.length, unnamed: 0 } },
      receipts: [],
    },
  ],
  truncated: false,
});
const stands = async () => (await etcd.read([regionKey(region)])).entries[0] !== undefined;
const isGone = async () => !(await stands());
/** Resolves when a lease of the same time, that nobody keeps alive, has run out. */
async function leaseTime(): Promise<void> {
  const key = `/test/${region}`;
  const { id } = await etcd.lease(LEASE_S);
  await etcd.txn({ compare: [], success: [{ op: 'put', key, value: '', lease: id }] });
  await until(async () => (await etcd.read([key])).entries[0] === undefined, { what: 'a lease to run out' });
}

test('a report stands while it is kept up, and lapses when it is handed over to nobody', async () => {
  const sink = openSink();
  await sink.deliver(report());
  await leaseTime();
  await leaseTime();
  expect(await stands()).toBe(true);
  sink.handOver();
  await until(isGone, { what: 'the report to lapse' });
});

test('lists of instances are put when they change, the rest each time', async () => {
  const sink = openSink();
  const revisions = async () =>
    (await etcd.read([regionKey(region), regionInstancesKey(region)])).entries.map(
      entry => entry!.modRevision,
    );
  await sink.deliver(report(['a', 'b']));
  const [head, instances] = await revisions();
  expect(instances).toBe(head);
  await sink.deliver(report(['a', 'b'], 2));
  expect(await revisions()).toEqual([expect.toSatisfy(each => each > head!), instances]);
  // A short list may go again at once, or nearly.
  await until(
    async () => {
      await sink.deliver(report(['a'], 3));
      return (await revisions())[1]! > instances!;
    },
    { what: 'the list to be put again' },
  );
});

test('long lists are put more seldom, and the report says as of when they are; another life of the store does not wait', async () => {
  const sink = openSink();
  const regions = await followRegions();
  const names = Array.from({ length: 2_000 }, (_, index) => `${index}`.padStart(200, 'x'));
  let at = 0;
  /** Deliver, and answer how many instances are named at the centre, and as of when. */
  const deliver = async (count: number, generation: string | null = null) => {
    const { nodes, ...rest } = report(names.slice(0, count));
    at++;
    await sink.deliver({ ...rest, at, nodes: nodes.map(node => ({ ...node, generation })) });
    const seen = () => regions.reports().find(each => each.region === region && each.at === at);
    const { nodes: told, instances_at } = await until(seen, { what: 'the report to be seen' });
    return [told[0]!.audiences['TEST/risk']!.instance_ids.length, instances_at];
  };
  expect(await deliver(2_000)).toEqual([2_000, 1]);
  expect(await deliver(1_999)).toEqual([2_000, 1]);
  expect(await deliver(2_000)).toEqual([2_000, 3]);
  expect(await deliver(1_999)).toEqual([2_000, 3]);
  expect(await deliver(1_999, '11111111-1111-4111-8111-111111111111')).toEqual([1_999, 5]);
});

test('a reporter takes back what is its own, and not what another has put since', async () => {
  const [first, second] = [openSink(), openSink()];
  await first.deliver(report());
  await second.deliver(report());
  await first.withdraw(region);
  expect(await stands()).toBe(true);
  await second.withdraw(region);
  expect(await stands()).toBe(false);
  await second.withdraw('never heard of');
});

test('cut off for longer than the lease, it is gone; the next report is under a new one', async () => {
  const sink = openSink(link.url);
  await sink.deliver(report());
  link.cut();
  await until(isGone, { what: 'the report to lapse' });
  await expect(sink.deliver(report())).rejects.toMatchObject({ code: 'store_unavailable' });
  link.heal();
  await until(() => sink.deliver(report()).then(() => true), { what: 'a report to be delivered' });
  await leaseTime();
  expect(await stands()).toBe(true);
});

test('an authority sees reports come, change and go, across a broken link and a compaction', async () => {
  const sink = openSink();
  await sink.deliver(report(['a']));
  const regions = await followRegions();
  const seen = () => regions.reports().find(each => each.region === region);
  expect(seen()).toEqual({ ...report(['a']), instances_at: 1 });
  await sink.deliver(report(['a'], 2));
  await until(() => seen()?.revision === 2, { what: 'the change to be seen' });

  link.cut();
  await sink.deliver(report(['a'], 3));
  const { revision } = await etcd.read([regionKey(region)]);
  await askEtcd(server.url, '/v3/kv/compaction', { revision });
  expect(seen()?.revision).toBe(2);
  link.heal();
  await until(() => seen()?.revision === 3, { what: 'what was missed to be seen' });

  // What is not understood hides nothing else.
  const nonsense = { op: 'put', key: regionKey(`${region}-other`), value: '{"region":1}' } as const;
  await etcd.txn({ compare: [], success: [nonsense] });
  await sink.withdraw(region);
  await until(() => seen() === undefined, { what: 'the region to be gone' });
});
