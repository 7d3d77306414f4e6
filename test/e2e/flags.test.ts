/** Flags on a whole network: written at the authority, the same at every node, checked together, and in their table. */

import { join } from 'node:path';
import type {
  FeatureFlag,
  FlagRollbackResult,
  FlagVersionList,
  ProjectionCheck,
} from '@quantivista/contracts';
import { FLAGS_PREFIX } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../infra/stack/apps.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { until } from '../../infra/stack/until.ts';
import type { Answer, Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { startWatcher } from '../harness/watcher.ts';

let network: TestNetwork;
let authority: Api;
let nodes: Api[];
let table: pg.Pool;

beforeAll(async () => {
  network = await startTestNetwork({
    runtime: ['bun', 'node'],
    reads: 'token',
    moreRegions: [{ name: 'test-only', environments: ['TEST'] }],
    nodeEnv: { MAX_WAIT_MS: '15000' },
  });
  authority = network.api(network.authority);
  nodes = network.serving.map(node => network.api(node));
  table = new pg.Pool({ connectionString: network.postgres.url, max: 2 });
});
afterAll(async () => {
  await table.end();
  await network.stop();
});

const put = (name: string, body: object, headers: Record<string, string> = {}, to = authority) =>
  to.request<FeatureFlag>('PUT', `/api/v1/feature-flags/${name}`, { body, headers });
const del = (name: string) => authority.request('DELETE', `/api/v1/feature-flags/${name}`);
const putSegment = (name: string, body: object) =>
  authority.request('PUT', `/api/v1/segments/${name}`, { body });
const listAt = (api: Api, service: string, query = '') =>
  api.request<FeatureFlag[]>('GET', `/api/v1/feature-flags/${service}${query}`);
const namesAt = async (api: Api, service: string, query = '') =>
  (await listAt(api, service, query)).body.map(flag => flag.flag_name);
const refused = ({ status, problem }: Answer, code: string) => {
  expect([status, problem.type]).toEqual([
    code === 'invalid_request' ? 400 : 409,
    `urn:quantivista:problem:${code}`,
  ]);
  return problem;
};
const check = async () => (await authority.request<ProjectionCheck>('GET', '/api/v1/flag-projection')).body;

describe('one flag', () => {
  test('is created off and for nobody, and changed field by field', async () => {
    const created = await put('checkout', { target_services: ['shop'], description: 'the new one' });
    expect(created.body).toEqual({
      flag_name: 'checkout',
      enabled: false,
      rollout_percentage: 0,
      target_services: ['shop'],
      conditions: {},
      description: 'the new one',
      version: 1,
      created_by: 'admin',
      created_at: expect.any(String),
      updated_by: 'admin',
      updated_at: expect.any(String),
    });
    const changed = await put('checkout', {
      enabled: true,
      rollout_percentage: 12.5,
      conditions: { country: 'CH' },
    });
    expect(changed.body).toMatchObject({ version: 2, target_services: ['shop'], rollout_percentage: 12.5 });
    const read = await authority.request<FeatureFlag>('GET', '/api/v1/flags/checkout');
    expect(read.body).toEqual(changed.body);
    expect(read.headers.get('etag')).toBe(changed.headers.get('etag'));
    const again = { headers: { 'if-none-match': read.headers.get('etag')! } };
    expect((await authority.request('GET', '/api/v1/flags/checkout', again)).status).toBe(304);
  });

  test('is changed under conditions', async () => {
    const { headers } = await put('conditional', {}, { 'if-none-match': '*' });
    refused(await put('conditional', {}, { 'if-none-match': '*' }), 'conflict');
    const tag = { 'if-match': headers.get('etag')! };
    expect((await put('conditional', { enabled: true }, tag)).status).toBe(200);
    refused(await put('conditional', { enabled: false }, tag), 'conflict');
  });

  test('goes back to a version, also from deletion', async () => {
    await put('past', { rollout_percentage: 10, variants: { on: 1, off: 0 } });
    await put('past', { rollout_percentage: 20, variants: null });
    expect((await del('past')).status).toBe(204);
    expect((await authority.request('GET', '/api/v1/flags/past')).status).toBe(404);
    expect((await del('past')).status).toBe(404);
    const to = (version: number) =>
      authority.request<FlagRollbackResult>('POST', '/api/v1/flags/past/rollback', { body: { version } });
    const { body } = await to(1);
    expect(body).toMatchObject({
      restored_version: 1,
      new_version: 4,
      flag: { version: 4, variants: { on: 1, off: 0 } },
    });
    expect((await to(9)).problem.type).toBe('urn:quantivista:problem:version_not_found');
    expect((await to(3)).body).toMatchObject({ new_version: 5, flag: null });
    const page = await authority.request<FlagVersionList>('GET', '/api/v1/flags/past/versions?limit=4');
    expect(page.body.next_before).toBe(2);
    expect(
      page.body.versions.map(({ version, deleted, flag }) => [version, deleted, flag?.rollout_percentage]),
    ).toEqual([
      [5, true, undefined],
      [4, false, 10],
      [3, true, undefined],
      [2, false, 20],
    ]);
  });

  test.each([
    [
      {
        rules: [
          { when: {}, serve: 'on' },
          { when: {}, split: { on: 50, gone: 50 } },
        ],
      },
      'body.rules.1.split.gone',
    ],
    [{ rules: [{ when: {}, split: { on: -1, off: 2 } }] }, 'body.rules.0.split.on'],
    [{ rollout_percentage: 100.5 }, 'body.rollout_percentage'],
    [{ conditions: { age: { over: 18 } } }, 'body.conditions.age.over'],
    [{ conditions: { text: 'a\0b' } }, 'body'],
    [{ conditions: { $or: [{ $segment: 'nowhere' }] } }, 'body.conditions.$or.0.$segment'],
    [{ prerequisites: [{ flag: 'nowhere' }] }, 'body.prerequisites.0.flag'],
    [{ prerequisites: [{ flag: 'checkout', variants: ['blue'] }] }, 'body.prerequisites.0.variants'],
    [{ flag_name: 'other' }, 'body.flag_name'],
    [{ unknown: 1 }, 'body'],
  ])('%j is refused, and changes nothing', async (update, field) => {
    const problem = refused(await put('refused', update), 'invalid_request');
    const named = (problem.errors ?? []).map(error => error.field);
    expect(
      named.some(each => each.startsWith(field)),
      JSON.stringify(named),
    ).toBe(true);
    expect((await authority.request('GET', '/api/v1/flags/refused')).status).toBe(404);
  });
});

describe('flags together', () => {
  /** Writers of one authority take turns: of two, only the store keeps them apart. */
  let second: Component;
  let other: Api;
  beforeAll(async () => {
    second = createAuthority({
      name: 'second',
      dir: network.dir,
      port: await createPorts().next(),
      runtime: 'node',
      env: {
        ETCD_URLS: network.etcd.url,
        POSTGRES_URL: network.postgres.url,
        ADMIN_TOKEN_FILE: join(network.dir, 'admin-token'),
      },
    });
    await second.start();
    other = network.api(second);
  });
  afterAll(() => second.stop());

  test('what others need is neither deleted, archived nor taken away', async () => {
    await putSegment('staff', { conditions: { group: 'staff' } });
    await put('base', { variants: { blue: 'b', off: '' }, default_variant: 'blue' });
    const needs = {
      prerequisites: [{ flag: 'base', variants: ['blue'] }],
      conditions: { $segment: 'staff' },
    };
    expect((await put('needs', needs)).status).toBe(200);
    const others = [
      await del('base'),
      await put('base', { archived: true }),
      await put('base', { variants: { green: 'g', off: '' }, default_variant: 'green' }),
      await authority.request('DELETE', '/api/v1/segments/staff'),
    ];
    for (const answer of others) expect(refused(answer, 'in_use').flags).toEqual(['needs']);
    expect((await put('base', { prerequisites: [{ flag: 'needs' }] })).problem.detail).toContain('circle');
    expect((await del('needs')).status).toBe(204);
    expect((await authority.request('DELETE', '/api/v1/segments/staff')).status).toBe(204);
    expect((await del('base')).status).toBe(204);
  });

  test('of writers who would together make a circle, one loses, every time', async () => {
    for (let round = 0; round < 10; round++) {
      const [a, b] = [`left${round}`, `right${round}`];
      await Promise.all([put(a, {}), put(b, {})]);
      const answers = await Promise.all([
        put(a, { prerequisites: [{ flag: b }] }),
        put(b, { prerequisites: [{ flag: a }] }, {}, other),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    }
  });

  test('a flag is not deleted while another begins to need it', async () => {
    for (let round = 0; round < 20; round++) {
      const [wanted, wants] = [`wanted${round}`, `wants${round}`];
      // It is there already: of a new one the plan itself would compare what was deleted.
      await Promise.all([put(wanted, {}), put(wants, {}, {}, other)]);
      const needs = () => put(wants, { prerequisites: [{ flag: wanted }] }, {}, other);
      const [deleted, written] = await Promise.all([del(wanted), needs()]);
      expect(['204 400', '409 200']).toContain(`${deleted.status} ${written.status}`);
    }
  });

  test('many are written at once, each of them', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `many-${index}`);
    const answers = await Promise.all(names.map(name => put(name, { archived: true })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('a batch is written whole or not at all', async () => {
    const batch = (flags: object[]) =>
      authority.request<{ flags: FeatureFlag[] }>('POST', '/api/v1/flags/batch', { body: { flags } });
    const pair = [{ flag_name: 'first', prerequisites: [{ flag: 'second' }] }, { flag_name: 'second' }];
    expect((await batch(pair)).body.flags.map(({ version }) => version)).toEqual([1, 1]);
    const circle = [{ flag_name: 'third' }, { flag_name: 'second', prerequisites: [{ flag: 'first' }] }];
    const { errors } = refused(await batch(circle), 'invalid_request');
    expect(errors!.map(({ field }) => field)).toEqual(['body.flags.1.prerequisites']);
    expect((await authority.request('GET', '/api/v1/flags/third')).status).toBe(404);
    const twice = refused(await batch([{ flag_name: 'third' }, { flag_name: 'third' }]), 'invalid_request');
    expect(twice.errors!.map(({ field }) => field)).toEqual(['body.flags.1']);
  });
});

test('every node lists what is for a service, with the same bytes and tag, and configuration is undisturbed', async () => {
  const node = network.serving[0]!;
  const watcher = startWatcher({ nodes: [node.url], service: 'shop', token: network.token });
  try {
    await watcher.frame(frame => frame.type === 'snapshot', 'the snapshot');
    await put('for-all', {});
    await put('for-pricing', { target_services: ['pricing', 'shop'] });
    await put('for-nobody', { target_services: ['elsewhere'] });
    const { revision } = await put('gone', { target_services: ['pricing'], archived: true });
    const at = `?min_revision=${revision}`;
    const expected = await listAt(authority, 'pricing', at);
    expect(expected.body.map(flag => flag.flag_name)).toEqual(
      expect.arrayContaining(['for-all', 'for-pricing']),
    );
    for (const api of nodes) {
      const answer = await listAt(api, 'pricing', at);
      expect(answer.body).toEqual(expected.body);
      const tag = answer.headers.get('etag')!;
      expect(tag).toBe(expected.headers.get('etag'));
      const plain = await listAt(api, 'pricing');
      expect([plain.body, plain.headers.get('etag')]).toEqual([answer.body, tag]);
      expect(answer.headers.get('x-config-age')).toMatch(/^\d+\.\d{3}$/);
      const cached = await api.request('GET', '/api/v1/feature-flags/pricing', {
        headers: { 'if-none-match': tag },
      });
      expect(cached.status).toBe(304);
      expect(await namesAt(api, 'pricing', `${at}&archived=true`)).toContain('gone');
      expect((await listAt(api, 'pricing', '?max_age=0')).problem.type).toMatch(/too_old$/);
      expect((await listAt({ ...api }, 'Not A Service')).status).toBe(400);
      const anonymous = await fetch(`${api.url}/api/v1/feature-flags/pricing`);
      expect(anonymous.status).toBe(401);
    }
    const last = (await authority.put('shop', 'colour', 'red')).revision;
    await watcher.frame(frame => frame.type === 'update' && frame.revision === last, 'the configuration');
    expect(watcher.received.filter(({ frame }) => frame.type === 'update')).toHaveLength(1);
  } finally {
    watcher.close();
  }
});

test('every endpoint is described where it is', async () => {
  const pathsOf = async (api: Api) =>
    Object.keys((await api.request<{ paths: object }>('GET', '/openapi.json')).body.paths);
  expect(await pathsOf(nodes[0]!)).toContain('/api/v1/feature-flags/{service_name}');
  const paths = await pathsOf(authority);
  for (const path of [
    'feature-flags/{flag_name}',
    'feature-flags/{service_name}',
    'flags/{flag_name}/rollback',
    'segments/{segment_name}',
    'flag-projection',
  ])
    expect(paths).toContain(`/api/v1/${path}`);
});

test('all flags come in pages', async () => {
  const names: string[] = [];
  let after = '';
  do {
    const { body } = await authority.request<{ flags: FeatureFlag[]; next_after?: string }>(
      'GET',
      `/api/v1/flags?limit=7&archived=true${after && `&after=${after}`}`,
    );
    names.push(...body.flags.map(flag => flag.flag_name));
    after = body.next_after ?? '';
  } while (after !== '');
  expect(names).toEqual([...new Set(names)].sort());
  expect(names).toContain('gone');
  expect(names.length).toBeGreaterThan(14);
});

describe('the table', () => {
  const rowOf = async (name: string) =>
    (await table.query('SELECT * FROM feature_flags WHERE flag_name = $1', [name])).rows[0];

  test('follows the store by itself', async () => {
    await put('projected', { enabled: true, rollout_percentage: 33.33, variants: { on: 2, off: 1 } });
    const row = await until(async () => rowOf('projected'), { what: 'the row' });
    expect(row).toMatchObject({
      enabled: true,
      rollout_percentage: '33.33',
      target_services: [],
      conditions: {},
      created_by: 'admin',
      version: 1,
      definition: { variants: { on: 2, off: 1 } },
    });
    await put('projected', { enabled: false });
    await until(async () => (await rowOf('projected')).enabled === false, { what: 'the change' });
    expect((await rowOf('projected')).id).toBe(row.id);
    await del('projected');
    await until(async () => (await rowOf('projected')) === undefined, { what: 'the row to go' });
  });

  test('altered by hand it is found out, and rebuilt', async () => {
    await put('altered', { rollout_percentage: 50 });
    await put('lost', {});
    expect((await check()).differences).toEqual([]);
    await table.query(
      `UPDATE feature_flags SET enabled = true, conditions = '{"a": 1}' WHERE flag_name = 'altered'`,
    );
    await table.query(`DELETE FROM feature_flags WHERE flag_name = 'lost'`);
    await table.query(
      `INSERT INTO feature_flags (flag_name, created_by, version, revision, generation, definition)
       SELECT 'invented', created_by, version, revision, generation, definition FROM feature_flags LIMIT 1`,
    );
    expect((await check()).differences).toEqual([
      { flag_name: 'altered', difference: 'different', columns: ['enabled', 'conditions'] },
      { flag_name: 'invented', difference: 'unexpected', columns: [] },
      { flag_name: 'lost', difference: 'missing', columns: [] },
    ]);
    const rebuilt = await authority.request('POST', '/api/v1/flag-projection/rebuild', { body: {} });
    expect(rebuilt.status).toBe(200);
    expect((await check()).differences).toEqual([]);
    expect(await rowOf('altered')).toMatchObject({ enabled: false, rollout_percentage: '50.00' });
  });

  test('has what a writer had committed who then died', async () => {
    await network.authority.restart({ env: { FAULT_POINT: 'write.after_commit' } });
    await expect(put('orphan', { description: 'its writer died' })).rejects.toThrow();
    await network.authority.ended();
    await network.authority.start();
    const row = await until(async () => rowOf('orphan'), { what: 'the row' });
    expect(row).toMatchObject({ version: 1, description: 'its writer died' });
    expect((await check()).differences).toEqual([]);
  });

  test('what is no flag is named, and holds nothing up', async () => {
    const etcd = createEtcd({ hosts: [network.etcd.url] });
    try {
      await etcd.txn({
        compare: [],
        success: [{ op: 'put', key: `${FLAGS_PREFIX}by-hand`, value: '{"a":1}' }],
      });
      const { revision } = await put('after', {});
      await until(async () => rowOf('after'), { what: 'the row' });
      expect((await check()).differences).toEqual([
        { flag_name: 'by-hand', difference: 'unreadable', columns: [] },
      ]);
      for (const api of nodes)
        expect(await namesAt(api, 'any', `?min_revision=${revision}`)).toContain('after');
    } finally {
      await etcd.deleteRange(`${FLAGS_PREFIX}by-hand`, `${FLAGS_PREFIX}by-hand\0`);
      etcd.close();
    }
  });
});
