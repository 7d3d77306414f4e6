/** Secrets and encrypted values: written, read by those who may, and withheld everywhere else. */
import type { CreatedToken, Permission, ProposalView } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { startWatcher } from '../harness/watcher.ts';

const WITHHELD = { $withheld: 'confidential' };
const SECRET = { config_type: 'SECRET' };

describe.each(['bun', 'node'] as const)('on %s', runtime => {
  let network: TestNetwork;
  /** May write and read, and not see secrets. */
  let writer: Api;
  /** May see secrets too. */
  let keeper: Api;
  let nodeOfWriter: Api;
  let nodeOfKeeper: Api;

  async function tokenOf(name: string, permissions: readonly Permission[], scopes?: object): Promise<string> {
    const admin = network.api(network.authority);
    const made = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', {
      body: { name, permissions, ...(scopes && { scopes }) },
    });
    expect(made.status).toBe(201);
    return made.body.token;
  }

  beforeAll(async () => {
    network = await startTestNetwork({
      runtime,
      regionNames: ['eu-west'],
      nodeEnv: { WATCH_HEARTBEAT_MS: '100', MAX_WAIT_MS: '1000' },
    });
    const [writing, keeping] = await Promise.all([
      tokenOf('writer', ['read', 'write', 'rollback']),
      tokenOf('keeper', ['read', 'read-secret', 'write', 'approve', 'admin', 'audit']),
    ]);
    const node = network.serving[0]!;
    writer = network.api(network.authority, writing);
    keeper = network.api(network.authority, keeping);
    nodeOfWriter = network.api(node, writing);
    nodeOfKeeper = network.api(node, keeping);
  });
  afterAll(() => network.stop());

  test('a secret is withheld from all but those who may see it, at the authority and at a node', async () => {
    const put = await writer.put('pay', 'password', 'hunter-2', { body: SECRET });
    expect(put.status).toBe(200);
    expect(put.body).toMatchObject({ config_value: WITHHELD, config_type: 'SECRET', is_encrypted: true });
    expect(put.headers.get('x-config-withheld')).toBe('1');
    await writer.put('pay', 'limit', 10);
    const { revision } = await writer.put('pay', 'plan', { deep: ['x'] }, { body: { is_encrypted: true } });
    const query = { min_revision: revision };

    for (const api of [writer, nodeOfWriter]) {
      const read = await api.get('pay', 'password', { query });
      expect(read.body).toMatchObject({ config_value: WITHHELD, config_type: 'SECRET', version: 1 });
      const map = await api.list('pay', { query });
      expect(map.body).toEqual({ password: WITHHELD, plan: WITHHELD, limit: 10 });
      expect(map.headers.get('x-config-withheld')).toBe('2');
    }
    for (const api of [keeper, nodeOfKeeper]) {
      const read = await api.get('pay', 'password', { query });
      expect(read.body).toMatchObject({ config_value: 'hunter-2', is_encrypted: true });
      expect(read.headers.get('cache-control')).toContain('no-store');
      expect(read.headers.get('etag')).not.toBe((await writer.get('pay', 'password')).headers.get('etag'));
      expect((await api.get('pay', 'plan', { query })).body.config_value).toEqual({ deep: ['x'] });
    }
    const whole = await nodeOfKeeper.list('pay', { query });
    expect(whole.body).toEqual({ password: 'hunter-2', plan: { deep: ['x'] }, limit: 10 });
    expect(whole.headers.get('x-config-withheld')).toBeNull();
    const held = await nodeOfWriter.list('pay');
    expect(held.headers.get('etag')).not.toBe(whole.headers.get('etag'));
    // Both ways to an answer: that of the fast lane, and that of a request with conditions.
    for (const api of [nodeOfKeeper, nodeOfWriter]) {
      const [quick, slow] = await Promise.all([api.list('pay'), api.list('pay', { query })]);
      expect(quick.body).toEqual(slow.body);
      expect(quick.headers.get('etag')).toBe(slow.headers.get('etag'));
      const again = await api.list('pay', {
        headers: { 'if-none-match': quick.headers.get('etag')! },
      });
      expect(again.status).toBe(304);
    }
    expect((await nodeOfKeeper.get('pay', 'limit')).body.config_value).toBe(10);
  });

  test('one who has no token sees none, also where reads are open', async () => {
    const { revision } = await writer.put('open', 'password', 'hunter-3', { body: SECRET });
    const anybody = await fetch(
      `${network.serving[0]!.url}/api/v1/config/open?environment=PRODUCTION&min_revision=${revision}`,
    );
    expect(await anybody.json()).toEqual({ password: WITHHELD });
    const ofKey = await fetch(`${network.authority.url}/api/v1/config/open/password?environment=PRODUCTION`);
    expect(await ofKey.json()).toMatchObject({ config_value: WITHHELD });
  });

  test('the right to one of them shows that one, the right to what is no secret none', async () => {
    await writer.put('part', 'password', 'part-1', { body: SECRET });
    await writer.put('part', 'pin', 'part-2', { body: SECRET });
    const { revision } = await writer.put('part', 'limit', 1);
    const one = await tokenOf('one', ['read', 'read-secret'], { services: ['part'], keys: ['p*d', 'limit'] });
    const plain = await tokenOf('plain', ['read', 'read-secret', 'write'], { types: ['APPLICATION_CONFIG'] });
    const node = network.serving[0]!;
    const all = { password: 'part-1', pin: 'part-2', limit: 1 };
    await until(
      async () => (await nodeOfKeeper.list('part', { query: { min_revision: revision } })).status === 200,
      {
        what: 'the node to hold them',
      },
    );
    expect((await nodeOfKeeper.list('part')).body).toEqual(all);
    const listOf = async (token: string) => {
      const answer = await network.api(node, token).list('part', { query: { min_revision: revision } });
      return [answer.body, answer.headers.get('x-config-withheld')];
    };
    await until(async () => (await listOf(one))[1] === '1', { what: 'the token to be known' });
    expect(await listOf(one)).toEqual([{ password: 'part-1', pin: WITHHELD, limit: 1 }, '1']);
    expect(await listOf(plain)).toEqual([{ password: WITHHELD, pin: WITHHELD, limit: 1 }, '2']);
    // It is not told whether it has guessed.
    const guess = { body: { old_value: 'part-1' } };
    expect((await network.api(network.authority, plain).put('part', 'password', 'x', guess)).status).toBe(
      403,
    );
  });

  test('a rotation reaches every node, and a rollback brings the earlier value back', async () => {
    await writer.put('turn', 'password', 'first', { body: SECRET });
    const rotated = await writer.put('turn', 'password', 'second');
    expect(rotated.body).toMatchObject({ config_type: 'SECRET', version: 2 });
    const query = { min_revision: rotated.revision };
    expect((await nodeOfKeeper.get('turn', 'password', { query })).body.config_value).toBe('second');
    expect((await keeper.get('turn', 'password', { query: { version: 1 } })).body.config_value).toBe('first');
    expect((await writer.get('turn', 'password', { query: { version: 1 } })).body.config_value).toEqual(
      WITHHELD,
    );
    const back = await writer.rollback({
      environment: 'PRODUCTION',
      service_name: 'turn',
      config_key: 'password',
      version: 1,
    });
    expect(back.status).toBe(200);
    expect(JSON.stringify(back.body)).not.toContain('$sealed');
    const after = { min_revision: back.revision };
    expect((await nodeOfKeeper.get('turn', 'password', { query: after })).body).toMatchObject({
      config_value: 'first',
      version: 3,
    });
  });

  test('old_value is compared, and the answer does not tell what is there', async () => {
    await writer.put('compared', 'password', { user: 'a', word: 'b' }, { body: SECRET });
    const wrong = await writer.put('compared', 'password', 'x', { body: { old_value: { user: 'a' } } });
    expect(wrong.status).toBe(409);
    expect(wrong.problem.current).toMatchObject({ config_value: WITHHELD });
    const right = await writer.put('compared', 'password', 'x', {
      body: { old_value: { word: 'b', user: 'a' } },
    });
    expect(right.status).toBe(200);
    const tag = (await keeper.get('compared', 'password')).headers.get('etag')!;
    const matched = await writer.put('compared', 'password', 'y', { headers: { 'if-match': tag } });
    expect(matched.status).toBe(200);
  });

  test('what is in the open becomes a secret only when that is asked for', async () => {
    await writer.put('kinds', 'word', 'plain');
    const refused = await writer.put('kinds', 'word', 'kept', { body: SECRET });
    expect(refused.problem).toMatchObject({
      status: 409,
      detail: expect.stringContaining('earlier versions'),
    });
    expect((await writer.put('kinds', 'word', 'kept', { body: { is_encrypted: true } })).status).toBe(409);
    const changed = await writer.put('kinds', 'word', 'kept', { body: { ...SECRET, change_type: true } });
    expect(changed.body).toMatchObject({ config_value: WITHHELD, config_type: 'SECRET' });
    expect((await writer.put('kinds', 'word', 'x', { body: { is_encrypted: false } })).status).toBe(400);
    expect((await writer.put('kinds', 'b', 'x', { body: { ...SECRET, is_encrypted: false } })).status).toBe(
      400,
    );
  });

  test('no value can be set that looks like one that is sealed or withheld', async () => {
    for (const value of [{ $sealed: { store: 'keyring' } }, [{ a: WITHHELD }]]) {
      const answer = await writer.put('looks', 'like', value);
      expect(answer.problem).toMatchObject({ status: 400, errors: [{ field: 'body.new_value' }] });
    }
  });

  test('schemas judge what was sent, and do not tell of it', async () => {
    const schema = { type: 'string', maxLength: 8, pattern: '^[a-z]+$' };
    const put = await writer.request('PUT', '/api/v1/schemas/judged/password', { body: { schema } });
    expect(put.status).toBe(200);
    const wrong = await writer.put('judged', 'password', 'TOPSECRET', { body: SECRET });
    expect(wrong.status).toBe(422);
    expect(JSON.stringify(wrong.problem)).not.toContain('TOPSECRET');
    expect((await writer.put('judged', 'password', 'fine', { body: SECRET })).status).toBe(200);
    const loose = await writer.request('PUT', '/api/v1/schemas/judged/password', {
      body: { schema: { const: 'guess' } },
    });
    expect(loose.status).toBe(200);
  });

  test('lists of what happened withhold them too', async () => {
    await writer.put('told', 'password', 'told-1', { body: SECRET });
    await writer.put('told', 'password', 'told-2', { body: { reason: 'rotated' } });
    const versions = await writer.versions('told', 'password');
    expect(versions.body.versions.map(each => each.config_value)).toEqual([WITHHELD, WITHHELD]);
    const diff = await writer.diff({
      service_name: 'told',
      config_key: 'password',
      from: 'v1',
      to: 'v2',
    });
    const trail = await keeper.request('GET', '/api/v1/audit?service_name=told&outcome=committed&limit=10');
    const csv = await keeper.request('GET', '/api/v1/audit/export?service_name=told&format=csv');
    const lines = await keeper.request('GET', '/api/v1/audit/export?service_name=told&format=ndjson');
    for (const { status, body } of [diff, trail, csv, lines]) {
      expect(status).toBe(200);
      const text = JSON.stringify(body);
      expect(text).not.toMatch(/told-1|told-2|\$sealed/);
      expect(text).toContain('$withheld');
    }
    let events = '';
    await until(
      async () => {
        const { body } = await keeper.request<{ events: unknown[] }>('GET', '/api/v1/events?limit=500');
        events = JSON.stringify(body);
        return events.split('"service_name":"told"').length > 2;
      },
      { what: 'events of both versions' },
    );
    expect(events).not.toMatch(/told-1|told-2|\$sealed/);
  });

  test('watchers are told that a secret has changed, and read it', async () => {
    await writer.put('watched', 'password', 'seen-1', { body: SECRET });
    const watcher = startWatcher({ nodes: [network.serving[0]!.url], service: 'watched' });
    try {
      const snapshot = await watcher.frame(({ type }) => type === 'snapshot', 'a snapshot');
      await writer.put('watched', 'password', 'seen-2');
      const update = await watcher.frame(({ type }) => type === 'update', 'the update');
      expect(JSON.stringify([snapshot, update])).not.toMatch(/seen-|\$sealed/);
      expect(update).toMatchObject({ updates: [{ old_value: WITHHELD, new_value: WITHHELD }] });
      const query = { min_revision: update.revision };
      const read = await nodeOfKeeper.get('watched', 'password', { query });
      expect(read.body.config_value).toBe('seen-2');
    } finally {
      watcher.close();
    }
  });

  test('a promotion keeps them anew for the other environment', async () => {
    await writer.put('moved', 'password', 'moved-1', { body: SECRET, environment: 'STAGING' });
    const body = { from: 'STAGING', to: 'PRODUCTION', service_name: 'moved' };
    // Who may see secrets where they go, and not where they are, must not come by them so.
    const refused = await writer.request('POST', '/api/v1/config/promote', { body });
    expect([refused.status, refused.problem.permissions]).toEqual([403, ['read-secret']]);
    const trial = await keeper.request('POST', '/api/v1/config/promote', {
      body: { ...body, dry_run: true },
    });
    const promoted = await keeper.request('POST', '/api/v1/config/promote', { body });
    for (const { status, body: answer } of [trial, promoted]) {
      expect(status).toBe(200);
      expect(answer).toMatchObject({ entries: [{ change: 'added', new_value: WITHHELD }] });
    }
    const query = { min_revision: promoted.revision };
    expect((await nodeOfKeeper.get('moved', 'password', { query })).body.config_value).toBe('moved-1');
    const again = await keeper.request('POST', '/api/v1/config/promote', { body });
    expect(again.body).toMatchObject({ entries: [], totals: { unchanged: 1 } });
  });

  test('an export withholds them, and imported again they stay what they are', async () => {
    await writer.put('out', 'password', 'out-1', { body: SECRET });
    await writer.put('out', 'limit', 1);
    const path = '/api/v1/config/export?environment=PRODUCTION&service_name=out&format=json';
    const exported = await keeper.request<object>('GET', path);
    expect(exported.body).toEqual({ limit: 1, password: WITHHELD });
    const into = '/api/v1/config/import?environment=PRODUCTION&service_name=out&mode=replace';
    const imported = await writer.request('POST', into, { body: { ...exported.body, limit: 2 } });
    expect(imported.body).toMatchObject({ totals: { added: 0, changed: 1, removed: 0 } });
    expect((await keeper.get('out', 'password')).body).toMatchObject({ config_value: 'out-1', version: 1 });
    const rotated = await writer.request('POST', into, { body: { limit: 2, password: 'out-2' } });
    expect(rotated.body).toMatchObject({
      entries: [{ config_key: 'password', old_value: WITHHELD, new_value: WITHHELD }],
    });
    expect((await keeper.get('out', 'password')).body.config_value).toBe('out-2');
    const unknown = await writer.request('POST', into, { body: { other: WITHHELD } });
    expect(unknown.problem).toMatchObject({ status: 400, errors: [{ field: 'body.other' }] });
  });

  test('a proposal holds it sealed, and is applied with it', async () => {
    const proposed = await writer.request<ProposalView>('POST', '/api/v1/proposals', {
      body: {
        changes: [
          {
            op: 'set',
            environment: 'PRODUCTION',
            service_name: 'later',
            config_key: 'password',
            new_value: 'later-1',
            config_type: 'SECRET',
          },
        ],
      },
    });
    expect(proposed.status).toBe(201);
    expect(proposed.body.changes[0]).toMatchObject({ after: { config_value: WITHHELD } });
    const { id } = proposed.body;
    const shown = await keeper.request('GET', `/api/v1/proposals/${id}`);
    expect(JSON.stringify(shown.body)).not.toMatch(/later-1|\$sealed/);
    const applied = await writer.request('POST', `/api/v1/proposals/${id}/apply`, { body: {} });
    expect(applied.status).toBe(200);
    expect((await keeper.get('later', 'password')).body.config_value).toBe('later-1');
  });
});
