/** The trail as evidence while things fail: changes behind the authority's back, dead leaders, stores away. */

import { createAudit, createEvidence } from '@quantivista/audit';
import type { AuditPage } from '@quantivista/contracts';
import { silentLog } from '@quantivista/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSealer } from '../../apps/authority/src/seal/sealer.ts';
import { servingUrl } from '../../infra/stack/postgres-server.ts';
import { until } from '../../infra/stack/until.ts';
import { askEtcd } from '../harness/etcd-gateway.ts';
import { type AuditNetwork, startAuditNetwork } from './audit-network.ts';

let network: AuditNetwork;
beforeEach(async () => {
  network = await startAuditNetwork(2);
});
afterEach(() => network.stop());

const key = (name: string) => `/quantivista/test/risk/${name}`;
const put = async (name: string, value: unknown) => {
  const answer = await network.api.put('risk', name, value as never);
  expect(answer.status).toBe(200);
  return answer.revision;
};
/** As etcdctl would. */
const putByHand = (name: string, value: string) =>
  network.store.txn({ compare: [], success: [{ op: 'put', key: key(name), value }] });
const deleteByHand = (name: string) => network.store.deleteRange(key(name), `${key(name)}\0`);
const finding = (subject: string) =>
  until(async () => (await network.findings()).find(each => each.subject === subject), {
    what: `a finding of ${subject}`,
    timeoutMs: 60_000,
  });
const holds = async () => expect(await network.verify()).toEqual({ code: 0, faults: [], err: [] });

test('what etcdctl puts and deletes is found, once, and nothing else is', async () => {
  await put('a', 1);
  await put('b', 2);
  const value = (await network.store.read([key('a')])).entries[0]!.value;
  const { revision } = await putByHand('a', value.replace('"config_value":1', '"config_value":100'));
  await deleteByHand('b');
  await putByHand('new', '{}');
  expect(await finding(key('a'))).toMatchObject({
    kind: 'foreign_change',
    revision,
    details: { operation: 'put' },
  });
  expect(await finding(key('b'))).toMatchObject({ details: { operation: 'delete' } });
  await finding(key('new'));
  // Writes go on beside it, and are no findings.
  await Promise.all(Array.from({ length: 50 }, (_, index) => put(`k${index}`, index)));
  await network.sealed();
  const { code, faults } = await network.verify();
  expect(code).toBe(1);
  expect(faults.map(({ fault, config_key }) => [fault, config_key]).sort()).toEqual([
    ['store', 'a'],
    ['store', 'b'],
    ['store', 'new'],
  ]);
  expect(await network.findings()).toHaveLength(3);
  const { out } = await network.qvc('audit', 'findings');
  expect(out).toHaveLength(4);
  const metrics = await Promise.all(
    network.authorities.map(async ({ url }) => await (await fetch(`${url}/metrics`)).text()),
  );
  expect(metrics.join()).toMatch(/^qv_audit_findings_total\{kind="foreign_change"\} 3$/m);
  // The authority's own writes put it right.
  await network.api.put('risk', 'a', 3);
  await network.api.put('risk', 'b', 3);
  await deleteByHand('new');
  await network.sealed();
  await holds();
});

test('rights that nobody gave are found: a token, a role, a binding by another hand', async () => {
  const made = await network.api.request('POST', '/api/v1/access/tokens', {
    body: { name: 'maker', permissions: ['read'] },
  });
  expect(made.status).toBe(201);
  const access = '/quantivista/_access';
  const [{ key: known, value: token }] = (await network.store
    .list({ prefix: `${access}/tokens/` })
    .then(listed => {
      if (listed.kind !== 'listed') throw new Error(listed.kind);
      return listed.entries.filter(({ value }) => value.includes('"maker"'));
    })) as [{ key: string; value: string }];
  const byHand = {
    [`${access}/tokens/${'0'.repeat(64)}`]: token,
    [known]: token.replace('["read"]', '["read","admin"]'),
    [`${access}/roles/all`]: '{"version":1,"grants":[]}',
    [`${access}/bindings/all`]: '{"version":1,"roles":["admin"],"subjects":[]}',
  };
  for (const [name, value] of Object.entries(byHand))
    await network.store.txn({ compare: [], success: [{ op: 'put', key: name, value }] });
  for (const name of Object.keys(byHand))
    expect(await finding(name)).toMatchObject({ kind: 'foreign_change' });
  expect(await network.findings()).toHaveLength(4);
  await network.sealed();
  const { faults } = await network.verify();
  expect(faults.map(({ message }) => message.split(' ')[0]).sort()).toEqual(Object.keys(byHand).sort());
});

test('found also when it was done while no authority ran, and etcd was compacted since', async () => {
  await put('a', 1);
  await put('b', 1);
  await network.sealed();
  for (const each of network.authorities) await each.stop();
  await putByHand('a', '{"version":1,"config_value":2}');
  const { revision } = await putByHand('elsewhere', '{}');
  await network.authorities[0]!.start();
  await finding(key('a'));

  await network.authorities[0]!.stop();
  const later = await putByHand('b', '{"version":1,"config_value":2}');
  expect(later.revision).toBeGreaterThan(revision);
  await deleteByHand('elsewhere');
  const { revision: compact } = await network.store.read([key('a')]);
  await askEtcd(network.etcd.url, '/v3/kv/compaction', { revision: compact, physical: true });
  await network.authorities[0]!.start();
  expect((await finding(key('b'))).details).toHaveProperty('message');
});

test('the leader is killed between the chain and its anchor, over and over: sealed once, in order', async () => {
  for (let round = 0; round < 2; round++) {
    const [one, other] = network.authorities;
    await one!.restart({ env: { FAULT_POINT: 'seal.after_chain' } });
    // The other does not lead: the one that is to be killed must.
    await other!.stop();
    await put('a', round).catch(() => {});
    await one!.ended();
    await Promise.all([one!.start(), other!.start()]);
    await put('b', round);
  }
  await network.sealed();
  await holds();
});

test('two seal at once, while others write: one chain, and it holds', async () => {
  const url = servingUrl(network.postgres.url);
  const audit = createAudit({ url });
  const evidence = createEvidence({ url });
  const stop = new AbortController();
  const options = {
    etcd: network.store,
    audit,
    evidence,
    log: silentLog,
    intervalMs: 1,
    faultPoint: () => {},
  };
  const sealers = [1, 2, 3].map(() => createSealer({ ...options, leadership: { leading: true } }));
  const running = sealers.map(each => each.run(stop.signal));
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => put(`k${index}`, round)));
  }
  await network.sealed();
  stop.abort();
  await Promise.all(running);
  await Promise.all([audit.close(), evidence.close()]);
  await holds();
  expect((await network.sql('SELECT count(*)::int FROM audit_chain')).rows[0].count).toBe(100);
});

test('Postgres stopped meanwhile: it goes on where it was', async () => {
  await put('a', 1);
  await network.postgres.kill();
  await putByHand('c', '{}');
  await network.postgres.start();
  await until(async () => (await network.api.put('risk', 'a', 2)).status === 200, {
    what: 'writes to go on',
  });
  await finding(key('c'));
  await deleteByHand('c');
  await network.sealed();
  await holds();
});

test('etcd wiped: the chain goes on into the next generation', async () => {
  await put('a', 1);
  await put('b', 1);
  await network.sealed();
  await network.etcd.kill();
  network.etcd.wipe();
  await network.etcd.start();
  await until(async () => (await network.api.put('risk', 'a', 2)).status === 200, {
    what: 'writes to go on',
    timeoutMs: 60_000,
  });
  await network.sealed();
  await holds();
  const { rows } = await network.sql(
    'SELECT count(DISTINCT generation)::int AS generations, max(sequence)::int AS last FROM audit_chain',
  );
  expect(rows[0]).toEqual({ generations: 2, last: 3 });
});

test('the trail is asked for, page by page, while it grows', async () => {
  for (let index = 0; index < 12; index++) await put(`k${index % 3}`, index);
  await network.api.del('risk', 'k0');
  const page = async (query: Record<string, string>) => {
    const search = new URLSearchParams(query);
    return (await network.api.request<AuditPage>('GET', `/api/v1/audit?${search}`)).body;
  };
  const all: string[] = [];
  let cursor: string | undefined;
  do {
    const { entries, next_cursor } = await page({ limit: '5', ...(cursor && { cursor }) });
    all.push(...entries.map(each => `${each.config_key}:${each.version}${each.deleted ? 'x' : ''}`));
    cursor = next_cursor;
    await put('more', all.length);
  } while (cursor);
  expect(all).toHaveLength(13);
  expect(all.slice(0, 4)).toEqual(['k0:5x', 'k2:4', 'k1:4', 'k0:4']);
  const entries = (await page({ config_key: 'k1', environment: 'test', updated_by: 'admin', limit: '1' }))
    .entries;
  expect(entries[0]).toMatchObject({ old_value: 7, new_value: 10, version: 4, outcome: 'committed' });
  expect((await page({ environment: 'production' })).entries).toEqual([]);
  expect((await page({ revision: String(entries[0]!.revision) })).entries).toEqual(entries);
  expect(
    (await page({ from: entries[0]!.created_at, kind: 'configuration' })).entries.length,
  ).toBeGreaterThan(2);
  expect((await page({ to: entries[0]!.created_at })).entries.length).toBeLessThan(12);
  expect((await page({ outcome: 'aborted' })).entries).toEqual([]);

  const bad = await network.api.request('GET', '/api/v1/audit?cursor=x');
  expect([bad.status, bad.problem.errors?.[0]?.field]).toEqual([400, 'query.cursor']);
  for (const query of [
    'from=yesterday',
    'limit=0',
    'kind=x',
    'outcome=x',
    'revision=-1',
    'config_key=%00',
    'environment=x',
  ]) {
    expect((await network.api.request('GET', `/api/v1/audit?${query}`)).status, query).toBe(400);
  }
  const anonymous = await fetch(`${network.authorities[0]!.url}/api/v1/audit`);
  expect(anonymous.status).toBe(401);
  await anonymous.body?.cancel();

  const { out } = await network.qvc('audit', 'log', 'risk', 'k1');
  expect(out).toHaveLength(5);
  expect(out[1]).toContain('7 → 10');
  const exported = (await network.qvc('audit', 'export')).out;
  expect(exported[0]).toMatch(/^created_at,updated_by,reason,/);
  const lines = (await network.qvc('audit', 'export', '--format', 'ndjson')).out;
  expect(lines.length).toBe(exported.length - 1);
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ config_key: 'k0', version: 1 });
});

test('what was given up is on record too', async () => {
  await put('a', 1);
  await network.authorities[0]!.restart({ env: { FAULT_POINT: 'write.after_intent' } });
  await network.api.put('risk', 'a', 2).catch(() => {});
  await network.authorities[0]!.ended();
  await network.authorities[0]!.start();
  await network.sealed();
  const { body } = await network.api.request<AuditPage>('GET', '/api/v1/audit?outcome=aborted');
  expect(body.entries).toMatchObject([
    { config_key: 'a', new_value: 2, revision: null, outcome: 'aborted', version: 2 },
  ]);
  await holds();
});
