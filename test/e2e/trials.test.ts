/** Changes on trial: put back, whole, where a client says in time that it can't use them. */
import type { CreatedToken, Permission, ProposalView } from '@quantivista/contracts';
import { type ConfigClient, createConfigClient, type Values } from '@quantivista/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { type Answer, type Api, createApi, type RequestOptions } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
let admin: Api;
/** Each test has a service of its own. */
let service: string;
let count = 0;
const open: { close(): void }[] = [];

beforeAll(async () => {
  network = await startTestNetwork({
    regionNames: ['eu-west'],
    moreRegions: [{ name: 'branch', fedBy: 'eu-west' }],
    runtime: ['bun', 'node'],
    reads: 'token',
    authorityCount: 2,
  });
  admin = network.api(network.authority);
});
afterAll(() => network?.stop());
beforeEach(() => {
  service = `service-${++count}`;
});
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  for (const each of network.authorities) if (!each.running) await each.start();
});

const onTrial = (seconds: number, more: RequestOptions = {}): RequestOptions => ({
  ...more,
  headers: { ...more.headers, 'x-config-trial': String(seconds) },
});
const limitTo100 = (values: Values) => {
  for (const [key, value] of Object.entries(values))
    if (typeof value === 'number' && value > 100) throw new Error(`${key}: at most 100`);
  return values;
};

interface Joining {
  /** @default the first node */
  readonly at?: Component;
  /** @default takes no number above 100 */
  readonly parse?: (values: Values) => Values;
}

/** A service that says what it can use. */
function join(name: string, { at = network.serving[0]!, parse = limitTo100 }: Joining = {}): ConfigClient {
  const { token } = network;
  const topic = { environment: 'STAGING', service };
  const config = createConfigClient({ ...topic, nodes: [at.url], token, instanceId: name, parse });
  open.push(config);
  return config;
}
async function follow(name: string, at?: Component): Promise<ConfigClient> {
  const config = join(name, at && { at });
  await config.ready();
  return config;
}
const useNothing = () => {
  throw new Error('nothing is good enough');
};

const api = () => createApi({ url: network.authority.url, token: network.token, environment: 'STAGING' });
const put = async (key: string, value: number, of?: RequestOptions) => {
  const answer = await api().put(service, key, value, of);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer;
};
const proposal = async (id: string, from: Api = admin) =>
  (await from.request<ProposalView>('GET', `/api/v1/proposals/${id}`)).body;
const idOf = ({ headers }: Answer) => headers.get('x-config-trial')!;
const ends = (id: string, state: string) =>
  until(
    async () => {
      const now = await proposal(id);
      if (now.state === 'on_trial') return undefined;
      expect(now.state, now.trial?.ended?.comment).toBe(state);
      return now;
    },
    { what: `the trial to end as ${state}`, timeoutMs: 20_000 },
  );
const values = async () => (await api().list(service)).body;
/** The client runs on what stands at the authority. */
const settles = (config: ConfigClient, expected: Values) =>
  until(() => JSON.stringify({ ...config.settings }) === JSON.stringify(expected), {
    what: () => `${JSON.stringify(expected)}, not ${JSON.stringify(config.settings)}`,
  });

test('refused by one client, it is put back, and the trail says by whom and why', async () => {
  await put('limit', 10);
  const config = await follow('risk-1');
  await follow('risk-2', network.regions[1]!.serving[0]);
  const trial = await put('limit', 1_000, onTrial(60, { body: { reason: 'quarterly review' } }));
  const id = idOf(trial);
  expect(await proposal(id)).toMatchObject({ changes: [{ service_name: service, config_key: 'limit' }] });
  const ended = await ends(id, 'reverted');
  expect(ended).toMatchObject({
    author: 'admin',
    reason: 'quarterly review',
    trial_s: 60,
    revision: trial.revision,
    trial: { revision: trial.revision, refused_before: {}, ended: { by: 'trial' } },
  });
  expect(ended.trial!.ended!.comment).toMatch(/risk-[12] in (eu-west|branch): limit: at most 100/);
  await settles(config, { limit: 10 });
  const { versions } = (await api().versions(service, 'limit')).body;
  expect(versions.map(each => [each.version, each.config_value, each.updated_by])).toEqual([
    [3, 10, 'trial'],
    [2, 1_000, 'admin'],
    [1, 10, 'admin'],
  ]);
  expect(versions[0]!.reason).toBe(ended.trial!.ended!.comment);
});

test('refused far from the centre, it is put back all the same', async () => {
  await put('limit', 10);
  const config = await follow('far', network.regions[1]!.serving[1]);
  const ended = await ends(idOf(await put('limit', 1_000, onTrial(60))), 'reverted');
  expect(ended.trial!.ended!.comment).toBe('refused by far in branch: limit: at most 100');
  await settles(config, { limit: 10 });
});

test('nobody refuses it: it stays, and can still be rolled back', async () => {
  await put('limit', 10);
  const config = await follow('risk-1');
  const trial = await put('limit', 50, onTrial(1));
  const ended = await ends(idOf(trial), 'applied');
  expect(ended).toMatchObject({ revision: trial.revision, trial: { ended: { by: 'trial' } } });
  await settles(config, { limit: 50 });
  expect(
    (await admin.rollback({ environment: 'STAGING', service_name: service, config_key: 'limit', version: 1 }))
      .status,
  ).toBe(200);
  await settles(config, { limit: 10 });
});

test('a transaction is put back whole: what was changed, what was new, what was deleted', async () => {
  await put('limit', 10);
  await put('old', 1);
  const config = await follow('risk-1');
  const at = { environment: 'STAGING', service_name: service } as const;
  const body = {
    changes: [
      { op: 'set', ...at, config_key: 'limit', new_value: 20 },
      { op: 'set', ...at, config_key: 'new', new_value: 1_000 },
      { op: 'delete', ...at, config_key: 'old' },
      { op: 'set', ...at, service_name: `${service}-b`, config_key: 'other', new_value: 1 },
    ],
  };
  const headers = { 'x-config-trial': '60' };
  const answer = await admin.request<{ configurations: unknown[] }>('POST', '/api/v1/config/batch', {
    body,
    headers,
  });
  expect(answer.status).toBe(200);
  // Of its own keys alone: the record of the trial is no part of the answer.
  expect(answer.body.configurations).toHaveLength(3);
  await ends(idOf(answer), 'reverted');
  expect(await values()).toEqual({ limit: 10, old: 1 });
  expect((await api().list(`${service}-b`)).body).toEqual({});
  await settles(config, { limit: 10, old: 1 });
});

test('one who could not use the state before has no say, those who come to refuse it have', async () => {
  await put('limit', 10);
  await follow('good');
  join('broken', { at: network.serving[1]!, parse: useNothing });
  const refusing = async () => {
    const path = `/api/v1/instances?environment=STAGING&service_name=${service}`;
    const { body } = await admin.request<{ instances: { instance_id: string; refused?: object }[] }>(
      'GET',
      path,
    );
    return body.instances.some(each => each.instance_id === 'broken' && each.refused);
  };
  await until(refusing, { what: 'the centre to know of the broken one' });
  const kept = await ends(idOf(await put('limit', 20, onTrial(2))), 'applied');
  expect(Object.keys(kept.trial!.refused_before)).toEqual(['broken']);
  const ended = await ends(idOf(await put('limit', 1_000, onTrial(60))), 'reverted');
  expect(ended.trial!.ended!.comment).toBe('refused by good in eu-west: limit: at most 100');
  expect(await values()).toEqual({ limit: 20 });
});

test('what others have changed since is theirs', async () => {
  await put('limit', 10);
  await put('venue', 1);
  const at = { environment: 'STAGING', service_name: service } as const;
  const body = {
    changes: [
      { op: 'set', ...at, config_key: 'limit', new_value: 1_000 },
      { op: 'set', ...at, config_key: 'venue', new_value: 2 },
    ],
  };
  const headers = { 'x-config-trial': '60' };
  const trial = await admin.request('POST', '/api/v1/config/batch', { body, headers });
  await put('venue', 3);
  join('late');
  const ended = await ends(idOf(trial), 'applied');
  expect(ended.trial!.ended!.comment).toMatch(/changed since by others, and left to them$/);
  expect(await values()).toEqual({ limit: 1_000, venue: 3 });
});

test('what is not allowed any more is not put back, and the record says so', async () => {
  await put('limit', 10);
  const trial = await put('limit', 99, onTrial(60));
  const schema = { body: { schema: { minimum: 50 } } };
  expect((await admin.request('PUT', `/api/v1/schemas/${service}/limit`, schema)).status).toBe(200);
  join('picky', { parse: useNothing });
  const ended = await ends(idOf(trial), 'applied');
  expect(ended.trial!.ended!.comment).toMatch(/refused by picky .*could not be put back/);
  expect(await values()).toEqual({ limit: 99 });
});

describe('of what is protected', () => {
  let ann: Api;
  let bob: Api;
  const tokenOf = async (name: string, permissions: readonly Permission[]) => {
    const body = { name, permissions };
    const { token } = (await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', { body })).body;
    return createApi({ url: network.authority.url, token, environment: 'STAGING' });
  };
  const approve = async ({ id, digest }: Pick<ProposalView, 'id' | 'digest'>) => {
    const answer = await bob.request('POST', `/api/v1/proposals/${id}/approve`, { body: { digest } });
    expect(answer.status).toBe(200);
  };
  const apply = (by: Api, id: string) =>
    by.request<ProposalView>('POST', `/api/v1/proposals/${id}/apply`, { body: {} });
  const protect = async (more: object = {}) => {
    const body = { required_approvals: 1, ...more };
    expect((await admin.request('PUT', '/api/v1/protection/STAGING', { body })).status).toBe(200);
  };

  beforeAll(async () => {
    ann = await tokenOf('ann', ['read', 'write']);
    bob = await tokenOf('bob', ['read', 'approve']);
  });
  beforeEach(async () => {
    await put('limit', 10);
    await follow('risk-1');
  });
  // By the regular way.
  afterEach(async () => {
    const off = (await admin.request<ProposalView>('DELETE', '/api/v1/protection/STAGING')).body;
    await approve(off);
    expect((await apply(admin, off.id)).status).toBe(200);
  });

  test('the trial is agreed to with the change, and needs no other approval', async () => {
    await protect();
    const proposed = await ann.put(service, 'limit', 1_000, onTrial(60));
    expect(proposed.status).toBe(202);
    const { id, digest, trial_s } = proposed.body as unknown as ProposalView;
    expect(trial_s).toBe(60);
    await approve({ id, digest });
    const applied = await apply(ann, id);
    expect(applied.body).toMatchObject({
      state: 'on_trial',
      revision: applied.revision,
      closed: { by: 'ann' },
    });
    await ends(id, 'reverted');
    expect(await values()).toEqual({ limit: 10 });
  });

  test('a protection may want one of every change, also where the glass is broken', async () => {
    await protect({ trial_s: 60 });
    const { id, digest, requirements } = (await ann.put(service, 'limit', 1_000))
      .body as unknown as ProposalView;
    expect(requirements).toEqual([{ environment: 'STAGING', required_approvals: 1, trial_s: 60 }]);
    await approve({ id, digest });
    expect((await apply(ann, id)).body).toMatchObject({ state: 'on_trial', trial: { refused_before: {} } });
    await ends(id, 'reverted');
    const headers = { 'x-config-break-glass': 'true' };
    const broken = await put('limit', 2_000, { headers, body: { reason: 'fire' } });
    expect(await ends(idOf(broken), 'reverted')).toMatchObject({ break_glass: true });
    // What could not be put back is none.
    const body = { rollback_available: false, reason: 'fire' };
    const final = await put('limit', 50, { headers, body });
    expect(final.headers.get('x-config-trial')).toBeNull();
    expect(await values()).toEqual({ limit: 50 });
  });
});

test('whichever authority dies, the other ends it', async () => {
  await put('limit', 10);
  const trials = [];
  for (const each of [...network.authorities].reverse()) {
    const config = await follow(`of-${each.name}`);
    await each.kill();
    const elsewhere = network.authorities.find(({ running }) => running)!;
    const there = createApi({ url: elsewhere.url, token: network.token, environment: 'STAGING' });
    const answer = await there.put(service, 'limit', 1_000, onTrial(60));
    expect(answer.status).toBe(200);
    trials.push(idOf(answer));
    await until(async () => (await proposal(idOf(answer), there)).state === 'reverted', {
      what: 'the other to end it',
    });
    await settles(config, { limit: 10 });
    await each.start();
  }
  expect(new Set(trials).size).toBe(2);
});

test.each<[string, () => Promise<Answer<unknown>>]>([
  ['no number', () => api().put(service, 'limit', 1, { headers: { 'x-config-trial': 'long' } })],
  ['no time at all', () => api().put(service, 'limit', 1, onTrial(0))],
  ['more than a day', () => api().put(service, 'limit', 1, onTrial(86_401))],
  [
    'what may not be rolled back',
    () => api().put(service, 'limit', 1, onTrial(9, { body: { rollback_available: false } })),
  ],
  [
    'a flag',
    () =>
      admin.request('PUT', '/api/v1/feature-flags/some_flag', {
        body: { enabled: true },
        headers: { 'x-config-trial': '9' },
      }),
  ],
])('no trial of %s', async (_, ask) => {
  const { status, problem } = await ask();
  expect(status).toBe(400);
  expect(problem.errors?.map(({ field }) => field)).toEqual(['header.x-config-trial']);
  expect(await values()).toEqual({});
});
