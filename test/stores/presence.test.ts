/** Who is in a region, on a real Redis: they come, go, and are forgotten where they fall silent. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeReport, RegionReport } from '@quantivista/contracts';
import { createPresence, type Presence } from '@quantivista/region';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createRedisServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';

const LONG_MS = 60_000;

let dir: string;
let server: Component;
let count = 0;
let presence: Presence;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-presence-'));
  server = createRedisServer({ name: 'redis', dir, port: await createPorts().next() });
  await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  presence = createPresence({ url: server.url, region: `r${count++}` });
});
afterEach(() => presence.close());

const node = (node_id: string, revision = 1): NodeReport => ({
  node_id,
  runtime: 'node 26',
  generation: null,
  revision,
  state: 'FRESH',
  watchers: 0,
  audiences: {},
  receipts: [],
});
const child = (region: string): RegionReport => ({
  region,
  parent: 'eu',
  reporter: 'n',
  at: 1,
  generation: null,
  revision: null,
  nodes: [],
  truncated: false,
});
const ids = async () => (await presence.nodes()).map(({ node_id }) => node_id);

test('nodes and child regions stand side by side, each as it was last put', async () => {
  await presence.putNode(node('b'), LONG_MS);
  await presence.putNode(node('a', 1), LONG_MS);
  await presence.putNode(node('a', 2), LONG_MS);
  await presence.putChildReport(child('a'), LONG_MS);
  expect(await presence.nodes()).toEqual([node('a', 2), node('b')]);
  expect(await presence.childReports()).toEqual([child('a')]);
  await presence.removeNode('a');
  expect([await ids(), await presence.childReports()]).toEqual([['b'], [child('a')]]);
  await presence.removeChildReport('a');
  expect([await ids(), await presence.childReports()]).toEqual([['b'], []]);
});

test('one that falls silent is forgotten, the others are not', async () => {
  await presence.putNode(node('stays'), LONG_MS);
  await presence.putNode(node('dies'), 50);
  await presence.putChildReport(child('dies'), 50);
  const gathered = await presence.gather('r', LONG_MS, undefined);
  const seen = gathered.kind === 'members' ? gathered.version : undefined;
  await until(async () => (await ids()).length === 1, { what: 'the silent one to be gone' });
  expect(await ids()).toEqual(['stays']);
  await until(async () => (await presence.childReports()).length === 0, { what: 'the region to be gone' });
  // That somebody is gone is news as well.
  expect(await presence.gather('r', LONG_MS, seen)).toMatchObject({ kind: 'members', children: [] });
});

test('what has been seen is not sent again, until something is put', async () => {
  await presence.putNode(node('a'), LONG_MS);
  const first = await presence.gather('r', LONG_MS, undefined);
  if (first.kind !== 'members') throw new Error(first.kind);
  expect(first.nodes).toEqual([node('a')]);
  expect(await presence.gather('r', LONG_MS, first.version)).toEqual({ kind: 'unchanged' });
  await presence.putNode(node('a'), LONG_MS);
  expect(await presence.gather('r', LONG_MS, first.version)).toMatchObject({ kind: 'members' });
});

test('one reporter at a time, until it ends or is not heard of', async () => {
  const kind = async (id: string, lockMs = LONG_MS) => (await presence.gather(id, lockMs, undefined)).kind;
  expect([await kind('a'), await kind('b'), await kind('a')]).toEqual(['members', 'another', 'members']);
  await presence.release('b');
  expect(await kind('b')).toBe('another');
  await presence.release('a');
  expect([await kind('b', 50), await kind('a')]).toEqual(['members', 'another']);
  await until(async () => (await kind('a')) === 'members', { what: 'the silent reporter to be given up' });
});

test('without Redis every call fails in time, and goes on when it is back', async () => {
  await presence.putNode(node('a'), LONG_MS);
  await server.kill();
  await expect(presence.nodes()).rejects.toMatchObject({ code: 'store_unavailable' });
  await server.start();
  await until(() => presence.putNode(node('b'), LONG_MS).then(() => true), { what: 'Redis to answer' });
  expect(await ids()).toEqual(['b']);
});
