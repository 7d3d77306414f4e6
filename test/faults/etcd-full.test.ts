/**
 * An etcd that has used up its quota takes no more writes: each is refused at once, and clearly, nothing of it is left
 * in doubt, and everybody goes on reading. When there is room again all goes on as it was.
 */
import { createEtcd } from '@quantivista/etcd';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { compactStore, storeRevision } from '../guarantees/oracle.ts';
import { fillEtcd, makeRoom } from '../harness/etcd-room.ts';
import { type NetworkUnderFault, startNetworkUnderFault } from './network-under-fault.ts';
import { openTrail } from './trail.ts';
import { trailAgrees } from './trail-agrees.ts';

let under: NetworkUnderFault;
beforeAll(async () => {
  under = await startNetworkUnderFault({
    regionNames: ['us-east'],
    etcdQuotaBytes: 16 * 1024 * 1024,
    authorityEnv: { RECOVER_AFTER_MS: '1500', RECOVER_INTERVAL_MS: '50' },
  });
});
afterAll(() => under.stop());

const authority = () => under.network.api(under.network.authority);

test('etcd full: nothing is written, everything is read, every region ages', async () => {
  const { serving, etcd } = under.network;
  await under.undergo({
    name: 'etcd full',
    begin: () => fillEtcd(etcd.url),
    meanwhile: async () => {
      const { body: held } = await authority().list('risk');
      const key = Object.keys(held)[0]!;
      const writes = [
        authority().put('risk', 'new', 1),
        authority().put('risk', key, 2),
        authority().del('risk', key),
      ];
      for (const { problem, headers } of await Promise.all(writes)) {
        expect(problem).toMatchObject({ type: 'urn:quantivista:problem:store_full', status: 503 });
        expect(headers.get('retry-after')).not.toBeNull();
      }
      for (const node of serving) expect((await under.network.api(node).list('risk')).body).toEqual(held);
    },
    heal: () => makeRoom(etcd.url, under.compact),
  });
});

test('of writes that come as it fills up each is in etcd and in the trail, or in neither', async () => {
  const { etcd, postgres } = under.network;
  const padding = 'x'.repeat(100_000);
  /** Of each writer's own key: what was acknowledged last. */
  const acknowledged = new Map<string, string>();
  let [taken, full] = [0, 0];
  const writer = async (key: string) => {
    for (let n = 0; full < 50; n++) {
      const value = `${n} ${padding}`;
      const { status, problem } = await authority().put('filling', key, value);
      if (status === 200) {
        acknowledged.set(key, value);
        taken++;
        continue;
      }
      // Never write_in_doubt: the store answers, it only has no room.
      expect(problem).toMatchObject({ type: 'urn:quantivista:problem:store_full' });
      full++;
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, n) => writer(`writer-${n}`)));
  expect(taken).toBeGreaterThan(16);
  expect((await authority().list('filling')).body).toEqual(Object.fromEntries(acknowledged));

  await makeRoom(etcd.url, async () => compactStore(etcd.url, await storeRevision(etcd.url)));
  const [store, trail] = [createEtcd({ hosts: [etcd.url] }), openTrail(postgres.url)];
  try {
    await until(async () => (await trail.pending()) === 0, { what: 'every intent to have its outcome' });
    await trailAgrees(store, trail);
    expect((await authority().put('filling', 'last', 1)).status).toBe(200);
  } finally {
    store.close();
    await trail.close();
  }
});
