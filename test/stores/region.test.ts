/** The two rules of a region's Redis, on a real one: whatever feeders do, each revision once and none skipped. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegionReader, createRegionWriter } from '@quantivista/region';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createRedisServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { createLink } from '../harness/link.ts';
import { describeRegion, type RegionPair } from './region-cases.ts';

const FIRST = '11111111-1111-4111-8111-111111111111';
const EMPTY = { generation: undefined, revision: undefined };

let dir: string;
let server: Component;
let region = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-redis-'));
  server = createRedisServer({ name: 'redis', dir, port: await createPorts().next() });
  await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});
/** Another region each time, in the same Redis. */
const open = (url = server.url): RegionPair => {
  const options = { url, region: `r${++region}`, blockMs: 200 };
  return { writer: createRegionWriter(options), reader: createRegionReader(options) };
};

describeRegion(open);

describe('a link or a Redis that fails', () => {
  let pair: RegionPair;
  beforeEach(() => {
    pair = open();
  });
  afterEach(() => {
    pair.writer.close();
    pair.reader.close();
  });

  test('a half-open link is noticed and made anew', async () => {
    const link = await createLink(server.port);
    const pair = open(`redis://127.0.0.1:${link.port}`);
    await pair.writer.publish(EMPTY, FIRST, 10, [{ key: 'a', value: '1', modRevision: 4 }]);
    expect(await pair.reader.next(FIRST, 10)).toEqual([]);
    link.hang();
    await expect(pair.reader.next(FIRST, 10)).rejects.toMatchObject({ code: 'store_unavailable' });
    link.heal();
    await until(async () => (await pair.reader.state()).revision === 10, { what: 'the reader to be back' });
    await until(async () => (await pair.writer.state()).revision === 10, { what: 'the writer to be back' });
    pair.writer.close();
    pair.reader.close();
    await link.close();
  });

  test('a stopped Redis is a fault at once, not a queue', async () => {
    const step = { from: 1, to: 2, changes: [{ key: 'a', value: '1' }] };
    await server.kill();
    await expect(pair.reader.state()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(pair.writer.apply(FIRST, [step])).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await server.start();
    await until(() => pair.reader.state(), { what: 'the reader to be back' });
    expect(await pair.reader.state()).toEqual(EMPTY);
  });
});
