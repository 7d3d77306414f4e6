/** The way of reports from nodes over Redis to etcd, with either of the two failing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeReport, RegionReport } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { createPresence } from '@quantivista/region';
import { silentLog } from '@quantivista/runtime';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRegions, type Regions } from '../../apps/authority/src/network/regions.ts';
import { createEtcdSink } from '../../apps/read-node/src/report/etcd-sink.ts';
import { createNodePresence } from '../../apps/read-node/src/report/presence.ts';
import { createReporter, type Reporter } from '../../apps/read-node/src/report/reporter.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdServer, createRedisServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { createLink, type Link } from '../harness/link.ts';

const GENERATION = '11111111-1111-4111-8111-111111111111';
const TTL_MS = 6_000;
const NEVER_MS = 600_000;

let dir: string;
let etcd: Component;
let redis: Component;
let region: string;
let regions: Regions;
/** Every report that the authority saw. */
let seen: RegionReport[];
let count = 0;
let ends: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-reporter-'));
  const ports = createPorts();
  etcd = createEtcdServer({ name: 'etcd', dir, port: await ports.next(), peerPort: await ports.next() });
  redis = createRedisServer({ name: 'redis', dir, port: await ports.next() });
  await Promise.all([etcd.start(), redis.start()]);
});
afterAll(async () => {
  await Promise.all([etcd.stop(), redis.stop()]);
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  region = `r${count++}`;
  seen = [];
  const client = createEtcd({ hosts: [etcd.url] });
  regions = createRegions({ etcd: client, log: silentLog });
  regions.listen(() => {
    const report = reported();
    if (report && seen.at(-1) !== report) seen.push(report);
  });
  const end = running(regions);
  ends = [() => end().then(client.close)];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

const reported = (name = region) => regions.heads().find(report => report.region === name);
const nodesOf = (report: RegionReport | undefined) => report?.nodes.map(({ node_id }) => node_id);

function running(loop: { run(signal: AbortSignal): Promise<void> }): () => Promise<void> {
  const stop = new AbortController();
  const ran = loop.run(stop.signal);
  return async () => {
    stop.abort();
    await ran;
  };
}
function openPresence() {
  const presence = createPresence({ url: redis.url, region });
  ends.push(presence.close);
  return presence;
}

/** A node that serves; `apply` brings it to a revision that somebody waits for. */
function startNode(nodeId: string) {
  let revision = 1;
  const report = (): NodeReport => ({
    node_id: nodeId,
    runtime: 'node 26',
    generation: GENERATION,
    revision,
    state: 'FRESH',
    watchers: 0,
    audiences: {},
    receipts: [],
  });
  const node = createNodePresence({
    presence: openPresence(),
    nodeId,
    report,
    ttlMs: TTL_MS,
    log: silentLog,
  });
  ends.push(running(node));
  return {
    apply: (next: number) => {
      revision = next;
      node.awaited();
    },
  };
}

function startReporter(
  nodeId: string,
  { url = etcd.url, intervalMs = 50, refreshMs = NEVER_MS } = {},
): Reporter {
  const presence = openPresence();
  const client = createEtcd({ hosts: [url], timeoutMs: 500 });
  const sink = createEtcdSink({ etcd: client, leaseS: 30, log: silentLog });
  const lockMs = TTL_MS / 3;
  const reporter = createReporter({
    region,
    nodeId,
    presence,
    sink,
    log: silentLog,
    lockMs,
    intervalMs,
    refreshMs,
  });
  const end = running(reporter);
  ends.push(async () => {
    await end();
    sink.close();
    client.close();
  });
  return reporter;
}

test('what is awaited is reported as soon as all nodes have it, whatever the interval', async () => {
  const [a, b] = [startNode('a'), startNode('b')];
  const reporter = startReporter('a', { intervalMs: NEVER_MS });
  await until(() => nodesOf(reported())?.length === 2, { what: 'both nodes to be reported' });
  for (let revision = 2; revision <= 20; revision++) {
    reporter.expect(revision);
    a.apply(revision);
    expect(reported()!.revision).toBe(revision - 1);
    b.apply(revision);
    await until(() => reported()!.revision === revision, { what: `revision ${revision}`, intervalMs: 1 });
  }
  // And nothing else was: one report of the nodes, and one of each revision.
  expect(seen.filter(report => report.nodes.length === 2)).toHaveLength(20);
});

test('a reporter whose way to etcd is cut lets another one go on', async () => {
  const link: Link = await createLink(etcd.port);
  ends.push(link.close);
  startNode('a');
  startReporter('first', { url: link.url, refreshMs: 200 });
  await until(() => reported()?.reporter === 'first', { what: 'the first to report' });
  startReporter('second', { refreshMs: 200 });
  link.cut();
  await until(() => reported()?.reporter === 'second', { what: 'the second to report' });
  link.heal();
});

test('a Redis that was wiped does not make the nodes look gone', async () => {
  for (const id of ['a', 'b', 'c']) startNode(id);
  startReporter('a', { refreshMs: 20 });
  await until(() => nodesOf(reported())?.length === 3, { what: 'all nodes to be reported' });
  const before = seen.length;
  await new Promise<void>(resolve => {
    const socket = createConnection(redis.port, '127.0.0.1', () => socket.write('FLUSHALL\r\n'));
    socket.once('data', () => resolve(void socket.end()));
  });
  const presence = openPresence();
  await until(async () => (await presence.nodes()).length === 3, { what: 'the nodes to report again' });
  const since = seen.length;
  await until(() => seen.length > since + 5, { what: 'some more reports' });
  for (const report of seen.slice(before)) expect(nodesOf(report)).toEqual(['a', 'b', 'c']);
});

test('Redis away for longer than a node may be silent: they are still there afterwards', async () => {
  for (const id of ['a', 'b']) startNode(id);
  startReporter('a', { refreshMs: 20 });
  await until(() => nodesOf(reported())?.length === 2, { what: 'both nodes to be reported' });
  const before = seen.length;
  await redis.kill();
  await redis.start();
  const presence = openPresence();
  await until(async () => (await presence.nodes()).length === 2, { what: 'the nodes to report again' });
  const since = seen.length;
  await until(() => seen.length > since + 5, { what: 'some more reports' });
  for (const report of seen.slice(before)) expect(nodesOf(report)).toEqual(['a', 'b']);
});

test('the reports of regions that are fed from this one are passed on, until they fall silent', async () => {
  startNode('a');
  startReporter('a');
  const presence = openPresence();
  const child = (revision: number): RegionReport => ({
    ...reported()!,
    region: `${region}-child`,
    parent: region,
    revision,
  });
  await until(() => reported(), { what: 'the region to be reported' });
  await presence.putChildReport(child(1), NEVER_MS);
  await until(() => reported(`${region}-child`)?.revision === 1, { what: 'the child to be known' });
  await presence.putChildReport(child(2), 300);
  await until(() => reported(`${region}-child`)?.revision === 2, { what: 'its change to be known' });
  await until(() => reported(`${region}-child`) === undefined, { what: 'the silent child to be gone' });
  expect(nodesOf(reported())).toEqual(['a']);
});
