/** Counts of evaluations on their way, each step on its real store: what is repeated there counts once. */
import { randomUUID } from 'node:crypto';
import type { Audit } from '@quantivista/audit';
import { IMPRESSIONS_PREFIX, ImpressionBundle, impressionsKey } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createRegionImpressions, impressionName, type RegionImpressions } from '@quantivista/region';
import { silentLog } from '@quantivista/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCarrier } from '../../apps/read-node/src/report/tally/carrier.ts';
import { createEtcdSlot } from '../../apps/read-node/src/report/tally/etcd-slot.ts';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { startTallyStores, type TallyStores } from '../harness/tally-stores.ts';

const DAY_MS = 86_400_000;
const KEPT = { minutesMs: 2 * DAY_MS, hoursMs: 90 * DAY_MS, bundlesMs: 7 * DAY_MS };
/** A whole minute. */
const AT = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;

let stores: TallyStores;
let redis: Component;
let etcd: Etcd;
let audit: Audit;
let count = 0;
/** Of this test alone, as are its flags. */
let name: string;
let region: RegionImpressions;

beforeAll(async () => {
  stores = await startTallyStores();
  ({ redis, etcd, audit } = stores);
});
afterAll(() => stores.stop());
beforeEach(() => {
  name = `r${count++}`;
  region = createRegionImpressions({ url: redis.url, region: name });
  return () => region.close();
});

const batch = (times: number, at = AT) => ({
  at,
  counts: [[impressionName(name, 'on'), times]] as [string, number][],
  other: 0,
});
/** Sealed for nobody in particular, at once. */
async function sealed(): Promise<ImpressionBundle> {
  const ready = await region.seal('anyone', 10_000, 0);
  if (ready.kind !== 'sealed') throw new Error(`there is ${ready.kind}`);
  return ready.bundle;
}
const bundle = (flags: Record<string, Record<string, number>>, more: object = {}): ImpressionBundle => ({
  region: name,
  id: randomUUID(),
  windows: [{ at: AT, flags, other: 0, ...more }],
});
const evaluations = async (flag = name) => (await audit.flagUsage.totals([flag], 'minute', 0)).get(flag) ?? 0;

describe('in Redis', () => {
  test('a batch that is told again counts once; of another node, or in another life of it, it is another', async () => {
    const [node, other] = [randomUUID(), randomUUID()];
    await region.add(node, 1, batch(5));
    await region.add(node, 1, batch(5));
    await region.add(node, 2, batch(7));
    await region.add(node, 1, batch(5));
    await region.add(other, 1, batch(100));
    expect((await sealed()).windows).toEqual([{ at: AT, flags: { [name]: { on: 112 } }, other: 0 }]);
  });

  test('what is sealed stays as it is until it is dropped, by its id alone', async () => {
    await region.add(randomUUID(), 1, batch(1));
    const first = await sealed();
    await region.add(randomUUID(), 1, batch(2));
    expect(await sealed()).toEqual(first);
    await region.drop(randomUUID());
    expect(await sealed()).toEqual(first);
    await region.drop(first.id);
    const second = await sealed();
    expect([second.id === first.id, second.windows[0]!.flags]).toEqual([false, { [name]: { on: 2 } }]);
  });

  test('a Redis that comes back with what it held earlier hands over nothing twice', async () => {
    const [open, earlier] = [`{qv:${name}}:impressions`, `{qv:${name}}:earlier`];
    await region.add(randomUUID(), 1, batch(5));
    await redisCommand(redis, 'COPY', open, earlier);
    const first = await sealed();
    expect(await audit.flagUsage.take(first)).toBe(true);
    await region.drop(first.id);
    expect(await redisCommand(redis, 'COPY', earlier, open)).toBe('1');
    expect(await audit.flagUsage.take(await sealed())).toBe(false);
    expect(await evaluations()).toBe(5);
  });

  test('counts are gathered for a while, by one at a time', async () => {
    expect(await region.seal('a', 50, 0)).toEqual({ kind: 'nothing' });
    await region.add(randomUUID(), 1, batch(1));
    expect(await region.seal('a', 10_000, 60_000)).toEqual({ kind: 'nothing' });
    expect(await region.seal('b', 10_000, 0)).toEqual({ kind: 'another' });
    expect((await region.seal('a', 50, 0)).kind).toBe('sealed');
    await until(async () => (await region.seal('b', 50, 0)).kind === 'sealed', { what: 'the claim to end' });
  });

  test('names that there is no room for are counted under none, each evaluation of them', async () => {
    const node = randomUUID();
    const long = (index: number) => `${String(index).padStart(6, '0')}${'x'.repeat(94)}`;
    const pairs = 8_000;
    for (let from = 0; from < pairs; from += 500) {
      const counts = Array.from({ length: 500 }, (_, index): [string, number] => [
        impressionName(long(from + index), 'on'),
        2,
      ]);
      await region.add(node, 1 + from, { at: AT, counts, other: 1 });
    }
    const full = await sealed();
    const [window] = full.windows;
    const named = Object.values(window!.flags).reduce((sum, of) => sum + of.on!, 0);
    expect(window!.other).toBeGreaterThan(16);
    expect(named + window!.other).toBe(2 * pairs + 16);
    // It fits into one value of etcd's.
    expect(JSON.stringify(full).length).toBeLessThan(1024 * 1024);
    expect(await createEtcdSlot(etcd, impressionsKey).deliver(full)).toBe(true);
  });

  test('of a region that is fed from this one, one bundle waits', async () => {
    const child = { ...bundle({ a: { on: 1 } }), region: `${name}-child` };
    const next = { ...child, id: randomUUID() };
    expect(await region.putChild(child)).toBe(true);
    expect(await region.putChild(child)).toBe(true);
    expect(await region.putChild(next)).toBe(false);
    await region.dropChild(next);
    expect(await Array.fromAsync(region.childBundles())).toEqual([child]);
    await region.dropChild(child);
    expect(await region.putChild(next)).toBe(true);
  });
});

test('in etcd there is one place a region', async () => {
  const slot = createEtcdSlot(etcd, impressionsKey);
  const [first, second] = [bundle({ a: { on: 1 } }), bundle({ a: { on: 2 } })];
  expect(await slot.deliver(first)).toBe(true);
  expect(await slot.deliver(first)).toBe(true);
  expect(await slot.deliver(second)).toBe(false);
  await etcd.txn({ compare: [], success: [{ op: 'put', key: impressionsKey(name), value: 'by hand' }] });
  expect(await slot.deliver(second)).toBe(false);
});

describe('in Postgres', () => {
  test('a bundle is taken once, by however many at once', async () => {
    const told = bundle({ [name]: { on: 3, off: 4, '': 5 } }, { other: 6 });
    const before = (await audit.flagUsage.totals([''], 'hour', 0)).get('') ?? 0;
    const taken = await Promise.all(Array.from({ length: 8 }, () => audit.flagUsage.take(told)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await audit.flagUsage.variants(name, 'minute', AT)).toEqual([
      { atMs: AT, variant: null, evaluations: 5 },
      { atMs: AT, variant: 'off', evaluations: 4 },
      { atMs: AT, variant: 'on', evaluations: 3 },
    ]);
    expect((await audit.flagUsage.lastSeen(name)).get(name)).toBe(AT);
    expect((await audit.flagUsage.totals([''], 'hour', 0)).get('')).toBe(before + 6);
  });

  test('bundles of several regions are added, at once and in any order of their flags', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `${name}-${index}`);
    const told = Array.from({ length: 12 }, (_, index) => {
      const flags = index % 2 ? names : names.toReversed();
      return {
        ...bundle(Object.fromEntries(flags.map(flag => [flag, { on: 1 }]))),
        region: `${name}-${index % 3}`,
      };
    });
    await Promise.all(told.map(each => audit.flagUsage.take(each)));
    const totals = await audit.flagUsage.totals(names, 'minute', 0);
    expect([...totals.values()]).toEqual(names.map(() => 12));
    expect(await audit.flagUsage.regions(names[0]!, 'hour', 0)).toEqual(
      [0, 1, 2].map(index => ({ region: `${name}-${index}`, evaluations: 4 })),
    );
  });

  test('a bundle that is as large as they get is taken within the limit of a statement', async () => {
    const names = Array.from({ length: 4_500 }, (_, index) => `${name}-${index}`);
    const windows = [0, 1, 2].map(minutes => ({
      at: AT - minutes * 60_000,
      flags: Object.fromEntries(names.map(flag => [flag, { on: 1, off: 2 }])),
      other: 0,
    }));
    expect(await audit.flagUsage.take({ ...bundle({}), windows })).toBe(true);
    const totals = await audit.flagUsage.totals(names, 'hour', 0);
    expect(new Set(totals.values())).toEqual(new Set([9]));
    expect(totals.size).toBe(names.length);
  });

  test('a clock that is ahead makes nothing newer than now', async () => {
    await audit.flagUsage.take(bundle({ [name]: { on: 1 } }, { at: Date.now() + 30 * DAY_MS }));
    expect((await audit.flagUsage.lastSeen(name)).get(name)).toBeLessThanOrEqual(Date.now());
    expect(await evaluations()).toBe(1);
  });

  test('minutes are forgotten before hours, and what was seen last is not', async () => {
    const ages = [1, 3, 100].map(days => AT - days * DAY_MS);
    for (const at of ages) await audit.flagUsage.take(bundle({ [name]: { on: 1 } }, { at }));
    expect(await audit.flagUsage.prune(KEPT)).toBeGreaterThan(0);
    expect(await evaluations()).toBe(1);
    expect((await audit.flagUsage.totals([name], 'hour', 0)).get(name)).toBe(2);
    expect((await audit.flagUsage.lastSeen(name)).get(name)).toBe(ages[0]);
    expect(await audit.flagUsage.prune(KEPT)).toBe(0);
  });
});

describe('the whole way', () => {
  const startIntake = () =>
    stores.startIntake({
      kind: 'impressions',
      prefix: IMPRESSIONS_PREFIX,
      schema: ImpressionBundle,
      take: audit.flagUsage.take,
    });
  const held = async () => (await etcd.read([impressionsKey(name)])).entries[0]?.value;

  test('handed over, and again by one who did not hear that it was', async () => {
    const slot = createEtcdSlot(etcd, impressionsKey);
    await region.add(randomUUID(), 1, batch(5));
    const told = await sealed();
    await slot.deliver(told);
    const endIntake = startIntake();
    try {
      await until(async () => (await held()) === undefined, { what: 'it to be taken' });
      // The first has died before it dropped it.
      expect(await slot.deliver(await sealed())).toBe(true);
      await until(async () => (await held()) === undefined, { what: 'it to be taken again' });
      expect(await evaluations()).toBe(5);
    } finally {
      await endIntake();
    }
  });

  test('taken in, and the leader dies before it is out of etcd', async () => {
    const told = bundle({ [name]: { on: 5 } });
    await createEtcdSlot(etcd, impressionsKey).deliver(told);
    expect(await audit.flagUsage.take(told)).toBe(true);
    const endIntake = startIntake();
    await until(async () => (await held()) === undefined, { what: 'it to be out of etcd' });
    await endIntake();
    expect(await evaluations()).toBe(5);
  });

  test('what is no bundle does not stand in the way of the next', async () => {
    await etcd.txn({ compare: [], success: [{ op: 'put', key: impressionsKey(name), value: '{"id":1}' }] });
    const endIntake = startIntake();
    await until(async () => (await held()) === undefined, { what: 'it to be thrown away' });
    await endIntake();
  });

  test('carriers side by side, while nodes add and the centre comes late', async () => {
    const stop = new AbortController();
    const carriers = ['a', 'b', 'c'].map(nodeId =>
      createCarrier({
        nodeId,
        region,
        sink: createEtcdSlot(etcd, impressionsKey),
        windowMs: 60,
        log: silentLog,
      }),
    );
    const running = carriers.map(each => each.run(stop.signal));
    const nodes = [randomUUID(), randomUUID()];
    let endIntake: ReturnType<typeof startIntake> | undefined;
    try {
      for (let sequence = 1; sequence <= 60; sequence++) {
        for (const node of nodes) await region.add(node, sequence, batch(1, AT + 1_000 * sequence));
        if (sequence !== 30) continue;
        await until(held, { what: 'the place in etcd to be taken' });
        endIntake = startIntake();
      }
      await until(async () => (await evaluations()) === 120, { what: 'all of it to arrive' });
      await until(async () => (await held()) === undefined, { what: 'nothing to be left' });
      expect(await evaluations()).toBe(120);
    } finally {
      stop.abort();
      await Promise.all(running);
      await endIntake?.();
    }
  });
});
