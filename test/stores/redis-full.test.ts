/** A Redis without room: a rule runs whole or not at all, and never leaves half a revision. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createRegionReader,
  createRegionWriter,
  type RegionReader,
  type RegionWriter,
} from '@quantivista/region';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createRedisServer } from '../../infra/stack/stores.ts';
import { redisCommand } from '../harness/redis-command.ts';

const GENERATION = '11111111-1111-4111-8111-111111111111';
const EMPTY = { generation: undefined, revision: undefined };

let dir: string;
let server: Component;
let writer: RegionWriter;
let reader: RegionReader;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-redis-'));
  server = createRedisServer({ name: 'redis', dir, port: await createPorts().next() });
  await server.start();
  const options = { url: server.url, region: 'full', blockMs: 200 };
  [writer, reader] = [createRegionWriter(options), createRegionReader(options)];
  await redisCommand(server, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
});
afterAll(async () => {
  writer.close();
  reader.close();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

const used = async () => Number(/used_memory:(\d+)/.exec(await redisCommand(server, 'INFO', 'memory'))![1]);
const limit = (bytes: number) => redisCommand(server, 'CONFIG', 'SET', 'maxmemory', String(bytes));
const NONE = 1;
const UNLIMITED = 0;
const contents = async () => (await reader.scan(GENERATION)).toSorted((a, b) => (a.key < b.key ? -1 : 1));
const step = (from: number, to: number, keys: number, text: string) => ({
  from,
  to,
  changes: Array.from({ length: keys }, (_, index) => ({ key: `k${index}`, value: text })),
});

test('a revision that runs out of room in its middle is applied whole', async () => {
  await writer.publish(EMPTY, GENERATION, 10, [{ key: 'k0', value: '', modRevision: 4 }]);
  expect(await writer.apply(GENERATION, [step(10, 11, 1_000, 'x'.repeat(1_000))])).toEqual(['applied']);
  // It arrives as a few bytes, and its stream entry carries the megabyte that it replaces: that comes first.
  await limit((await used()) + 300_000);
  expect(await writer.apply(GENERATION, [step(11, 12, 1_000, 'y')])).toEqual(['applied']);
  expect(await reader.state()).toEqual({ generation: GENERATION, revision: 12 });
  expect(new Set((await contents()).map(entry => `${entry.modRevision} ${entry.value}`))).toEqual(
    new Set(['12 y']),
  );
  expect((await reader.tail(GENERATION, 1))[0]).toMatchObject({ kind: 'changes', revision: 12, prev: 11 });
});

test('without any room a revision is refused whole, and taken when there is room again', async () => {
  const [state, held] = [await reader.state(), await contents()];
  await limit(NONE);
  // One that only deletes would free room, and is a revision like any other.
  const gone = { from: 12, to: 13, changes: [{ key: 'k0', value: undefined }] };
  for (const refused of [step(12, 13, 1_000, 'z'), gone]) {
    await expect(writer.apply(GENERATION, [refused])).rejects.toMatchObject({ code: 'store_unavailable' });
    expect([await reader.state(), await contents()]).toEqual([state, held]);
    expect((await reader.tail(GENERATION, 1))[0]).toMatchObject({ revision: 12 });
  }
  await limit(UNLIMITED);
  expect(await writer.apply(GENERATION, [gone])).toEqual(['applied']);
  expect(await contents()).toEqual(held.filter(entry => entry.key !== 'k0'));
});

test('a whole state for which there is no room leaves the one that is held', async () => {
  const [state, held] = [await reader.state(), await contents()];
  await limit(NONE);
  const entries = step(0, 0, 3_000, 'y'.repeat(1_000)).changes.map(change => ({
    ...change,
    modRevision: 90,
  }));
  await expect(writer.publish(state, GENERATION, 90, entries)).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  await limit((await used()) + 1_000_000);
  await expect(writer.publish(state, GENERATION, 90, entries)).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  expect(await reader.state()).toEqual(state);
  expect(await contents()).toEqual(held);
  await limit(UNLIMITED);
  expect(await writer.publish(state, GENERATION, 90, entries)).toBe('published');
  expect(await contents()).toHaveLength(3_000);
});

test('what a whole state left unfinished goes away by itself', async () => {
  const ttls = await redisCommand(server, 'EVAL', TTL_OF_LOADING, '0');
  // One for each attempt above at most, and each of them with a time to live.
  expect(ttls.split(',').filter(ttl => Number(ttl) < 0)).toEqual([]);
});

const TTL_OF_LOADING = `
local ttls = {}
for _, key in ipairs(redis.call('KEYS', '{qv:full}:loading:*')) do ttls[#ttls + 1] = redis.call('TTL', key) end
return table.concat(ttls, ',')
`;
