/** A region's Redis, on a real one: its rules, and what befalls no other. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createRegionReader,
  createRegionWriter,
  type RegionReader,
  type RegionWriter,
} from '@quantivista/region';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createRedisServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { createLink } from '../harness/link.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { contentsOf, describeRegion, EMPTY, entry, FIRST, type RegionPair, step } from './region-cases.ts';

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

describe('by its rules', () => describeRegion(open));

describe('whatever befalls it', () => {
  let writer: RegionWriter;
  let reader: RegionReader;
  beforeEach(() => {
    ({ writer, reader } = open());
  });
  afterEach(() => {
    writer.close();
    reader.close();
  });

  /** As somebody who knows nothing of the rules. */
  const raw = (command: string, of: 'snapshot' | 'stream', ...words: string[]) =>
    redisCommand(server, command, `{qv:r${region}}:${FIRST}:${of}`, ...words);

  /** Answers how many keys it has deleted. */
  const LOSE_LOADING = `
local keys = redis.call('KEYS', ARGV[1])
return #keys > 0 and redis.call('DEL', unpack(keys)) or 0
`;

  test.each([
    ['in part', 1],
    ['whole', Number.POSITIVE_INFINITY],
  ])('a state that is lost %s before it is published takes the place of nothing', async (_, times) => {
    await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
    const seen = await reader.state();
    const entries = Array.from({ length: 20_000 }, (_, index) => entry(`k${index}`, 'v', 50));
    let publishing = true;
    const published = writer.publish(seen, FIRST, 50, entries).finally(() => {
      publishing = false;
    });
    // As after a failover to a replica that was behind, or where a feeder was stopped for so long that it expired.
    for (let lost = 0; publishing && lost < times; ) {
      lost += Number(await redisCommand(server, 'EVAL', LOSE_LOADING, '0', `{qv:r${region}}:loading:*`));
    }
    expect(await published).toBe('changed');
    expect(await reader.state()).toEqual(seen);
    expect(await contentsOf(reader, FIRST)).toEqual({ a: [4, '1'] });
  });

  describe('a stream that somebody else wrote into', () => {
    const forge = (revision: number) =>
      raw('XADD', 'stream', `${revision}-0`, 'prev', '10', 'a', '=forged', '<', '=1');
    beforeEach(async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
    });

    test('takes no revision under its top, and says so', async () => {
      await forge(12);
      expect(await writer.apply(FIRST, [step(10, 12, { a: '2' })])).toEqual(['broken']);
      expect(await reader.state()).toEqual({ generation: FIRST, revision: 10 });
      expect(await contentsOf(reader, FIRST)).toEqual({ a: [4, '1'] });
    });

    test('is replaced with the state', async () => {
      await forge(99);
      expect(await writer.publish(await reader.state(), FIRST, 12, [entry('a', '2', 12)])).toBe('published');
      expect(await writer.apply(FIRST, [step(12, 13, { a: '3' })])).toEqual(['applied']);
      expect((await reader.tail(FIRST, 10)).map(each => each.revision)).toEqual([12, 13]);
    });

    test('is not repaired by where an entry was taken out of it', async () => {
      await writer.apply(FIRST, [step(10, 12, { c: '2' }), step(12, 13, { c: '3' })]);
      await raw('XDEL', 'stream', '12-0');
      expect(await writer.repair(FIRST, 10, [{ key: 'a', entry: undefined }])).toBe('moved');
      expect(await contentsOf(reader, FIRST)).toEqual({ a: [4, '1'], c: [13, '3'] });
    });
  });

  test('values put past the rules are put right', async () => {
    await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4), entry('b', '2', 9)]);
    await raw('HSET', 'snapshot', 'a', '4:wrong', 'extra', '5:x');
    await raw('HDEL', 'snapshot', 'b');
    const right = [entry('a', '1', 4), entry('b', '2', 9)].map(each => ({ key: each.key, entry: each }));
    const keys = [...right, { key: 'extra', entry: undefined }];
    expect(await writer.repair(FIRST, 10, keys)).toEqual(['a', 'b', 'extra']);
    expect(await contentsOf(reader, FIRST)).toEqual({ a: [4, '1'], b: [9, '2'] });
  });

  test('large values are not held for as long: what the stream needs is bounded', async () => {
    const heavy = { url: server.url, region: `r${++region}`, blockMs: 200, streamBytes: 1_000_000 };
    const [feeder, node] = [createRegionWriter(heavy), createRegionReader(heavy)];
    try {
      await feeder.publish(EMPTY, FIRST, 1, [entry('a', '', 1)]);
      for (let at = 1; at < 100; at++) {
        const results = await feeder.apply(FIRST, [step(at, at + 1, { a: String(at).padEnd(50_000, 'x') })]);
        expect(results).toEqual(['applied']);
      }
      const tail = await node.tail(FIRST, 1_000);
      expect(tail.length).toBeGreaterThan(5);
      expect(tail.length).toBeLessThanOrEqual(11);
      expect(tail.at(-1)).toMatchObject({ revision: 100, prev: 99 });
    } finally {
      feeder.close();
      node.close();
    }
  });

  test('a half-open link is noticed and made anew', async () => {
    const link = await createLink(server.port);
    const pair = open(`redis://127.0.0.1:${link.port}`);
    await pair.writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
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
    await server.kill();
    await expect(reader.state()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(writer.apply(FIRST, [step(1, 2, { a: '1' })])).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await server.start();
    await until(() => reader.state(), { what: 'the reader to be back' });
    expect(await reader.state()).toEqual(EMPTY);
  });
});
