/** Denials and uses of tokens on their way from a region to the record: what comes twice counts once. */
import { randomUUID } from 'node:crypto';
import type { Audit } from '@quantivista/audit';
import { ACCESS_LOG_PREFIX, AccessLogBundle, accessLogKey, type Denial } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createRegionAccessLog, denialName, type RegionAccessLog, tokenUseName } from '@quantivista/region';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createEtcdSlot } from '../../apps/read-node/src/report/tally/etcd-slot.ts';
import { until } from '../../infra/stack/until.ts';
import { startTallyStores, type TallyStores } from '../harness/tally-stores.ts';

const AT = Date.now() - 60_000;
const TOKEN = 'a'.repeat(16);
let stores: TallyStores;
let etcd: Etcd;
let audit: Audit;
let count = 0;
/** Of this test alone, as are its callers. */
let name: string;
let region: RegionAccessLog;

beforeAll(async () => {
  stores = await startTallyStores();
  ({ etcd, audit } = stores);
});
afterAll(() => stores.stop());
beforeEach(() => {
  name = `r${count++}`;
  region = createRegionAccessLog({ url: stores.redis.url, region: name });
  return () => region.close();
});

const denial = (more: Partial<Denial> = {}): Denial => ({
  caller: name,
  action: 'read',
  resource: 'TEST/risk/a',
  why: 'no grant of read covers it',
  ...more,
});
const batch = (denials: readonly Denial[], at = AT) => ({
  at,
  counts: denials.map(each => [denialName(each), 1] as const),
  other: 0,
});
async function sealed(): Promise<AccessLogBundle> {
  const ready = await region.seal('anyone', 10_000, 0);
  if (ready.kind !== 'sealed') throw new Error(`there is ${ready.kind}`);
  return ready.bundle;
}
const onRecord = () => audit.denials.list({ caller: name, limit: 100 });

test('what nodes tell becomes one bundle, alike denials of all windows one row, and is a bundle by its schema', async () => {
  const [node, other] = [randomUUID(), randomUUID()];
  const elsewhere = denial({ resource: 'TEST/risk/"b"\u2028' });
  await region.add(node, 1, batch([denial(), elsewhere]));
  await region.add(other, 1, batch([denial()], AT + 1_000));
  await region.add(node, 2, { at: AT + 2_000, counts: [[tokenUseName(TOKEN), 1]], other: 0 });
  const bundle = await sealed();
  expect(AccessLogBundle.parse(bundle)).toEqual(bundle);
  expect(bundle.token_uses).toEqual({ [TOKEN]: AT + 2_000 });
  const expected = [
    { ...denial(), first_at: AT, last_at: AT + 1_000, times: 2 },
    { ...elsewhere, first_at: AT, last_at: AT, times: 1 },
  ];
  expect(bundle.denials).toHaveLength(2);
  expect(bundle.denials).toEqual(expect.arrayContaining(expected));
});

test('a flood is counted whole in a bundle that etcd takes', async () => {
  const node = randomUUID();
  // As short as names get: what takes most beside them.
  const names = Array.from({ length: 20_000 }, (_, index) =>
    denial({ caller: String(index), action: '', resource: '', why: '' }),
  );
  for (let from = 0; from < names.length; from += 500)
    await region.add(node, 1 + from, batch(names.slice(from, from + 500)));
  const bundle = await sealed();
  expect(bundle.denials.reduce((sum, { times }) => sum + times, 0)).toBe(names.length);
  expect(bundle.denials.find(({ caller }) => caller === '(many)')?.times).toBeGreaterThan(0);
  expect(await createEtcdSlot(etcd, accessLogKey).deliver(bundle)).toBe(true);
  expect(await audit.accessLog.take(bundle)).toBe(true);
  await etcd.txn({ compare: [], success: [{ op: 'delete', key: accessLogKey(name) }] });
});

test('what a leader has taken and not yet removed, or what is no bundle, is out of the way and counted once', async () => {
  await region.add(randomUUID(), 1, batch([denial()]));
  await region.add(randomUUID(), 1, { at: AT, counts: [[tokenUseName(TOKEN), 1]], other: 0 });
  const told = await sealed();
  const slot = createEtcdSlot(etcd, accessLogKey);
  expect(await audit.accessLog.take(told)).toBe(true);
  await slot.deliver(told);
  const unfit = accessLogKey(`${name}-unfit`);
  const value = JSON.stringify({ ...told, denials: [{ ...denial(), resource: '\0' }] });
  await etcd.txn({ compare: [], success: [{ op: 'put', key: unfit, value }] });
  const end = stores.startIntake({
    kind: 'access_log',
    prefix: ACCESS_LOG_PREFIX,
    schema: AccessLogBundle,
    take: audit.accessLog.take,
  });
  try {
    const left = async () => (await etcd.read([accessLogKey(name), unfit])).entries.filter(Boolean).length;
    await until(async () => (await left()) === 0, { what: 'both to be out of etcd' });
  } finally {
    await end();
  }
  const at = new Date(AT).toISOString();
  expect(await onRecord()).toEqual([
    { id: expect.any(Number), ...denial(), first_at: at, last_at: at, times: 1, region: name },
  ]);
  expect((await audit.tokenUses.all()).get(TOKEN)).toBe(at);
});

test('a use of a token is never put back, and never in the future', async () => {
  const used = 'b'.repeat(16);
  const bundle = (at: number) => ({
    region: name,
    id: randomUUID(),
    denials: [],
    token_uses: { [used]: at },
  });
  const noted = async () => Date.parse((await audit.tokenUses.all()).get(used)!);
  await audit.accessLog.take(bundle(AT));
  await audit.accessLog.take(bundle(AT - 5_000));
  expect(await noted()).toBe(AT);
  await audit.accessLog.take(bundle(Date.now() + 3_600_000));
  expect(await noted()).toBeLessThanOrEqual(Date.now());
});
