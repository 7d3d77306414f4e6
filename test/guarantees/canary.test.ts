/**
 * I6: no plaintext secret at rest or in passing where it was not asked for. Secrets are written, read, changed, refused
 * and made to fail in every way; then they are looked for in all that is left of it: data directories and dumps, logs,
 * metrics, what was answered, what watchers and webhooks were told.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { CreatedToken, Json, Permission, ProposalView } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../apps/authority/src/write/commit.ts';
import { programs } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { createLeakSearch, type Leak } from '../harness/leaks.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { type EventStream, openEventStream } from '../harness/sse.ts';
import { startWatcher, type Watcher } from '../harness/watcher.ts';
import { createReceiver, type Receiver } from '../harness/webhook-receiver.ts';

const SECRET = { config_type: 'SECRET' };
const ENCRYPTED = { is_encrypted: true };
const PAY = '/api/v1/config/pay';
const at = (path: string, environment = 'PRODUCTION') => `${path}?environment=${environment}`;
const kinds = programs.vault() ? (['keyring', 'vault'] as const) : (['keyring'] as const);

interface Said {
  readonly status: number;
  readonly text: string;
  readonly revision: number;
}

describe.each(kinds)('secrets in a %s', kind => {
  let network: TestNetwork;
  const tokens: Record<'writer' | 'approver' | 'reader' | 'keeper', string> = {} as never;
  /** What those were answered who may not see secrets, or did not ask for one. */
  const answered: string[] = [];
  /** In every canary, and nowhere else in the world. */
  const mark = randomBytes(8).toString('hex');
  let canaries = 0;
  const watchers: (Watcher | EventStream)[] = [];
  let receiver: Receiver;

  /** A secret. Around the mark are characters that are written in several ways. */
  const canary = (): string => `ü"/${mark}-${++canaries}`;

  async function ask(
    who: keyof typeof tokens | 'nobody',
    method: string,
    path: string,
    { body, type = 'application/json', headers = {}, url = network.authority.url }: AskOptions = {},
  ): Promise<Said> {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(who !== 'nobody' && { authorization: `Bearer ${tokens[who]}` }),
        ...(body !== undefined && { 'content-type': type }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (who !== 'keeper') answered.push(text, JSON.stringify([...response.headers]));
    return { status: response.status, text, revision: Number(response.headers.get('x-config-revision')) };
  }
  interface AskOptions {
    readonly body?: unknown;
    readonly type?: string;
    readonly headers?: Record<string, string>;
    readonly url?: string;
  }
  const put = (key: string, value: unknown, more: object = SECRET, environment = 'PRODUCTION') =>
    ask('writer', 'PUT', at(`${PAY}/${key}`, environment), { body: { new_value: value, ...more } });
  const succeeds = (key: string, more: object = SECRET) =>
    until(async () => (await put(key, canary(), more)).status === 200, { what: `${key} to be written` });
  const read = async (path: string, url?: string): Promise<Json> =>
    JSON.parse((await ask('keeper', 'GET', path, url === undefined ? {} : { url })).text);

  beforeAll(async () => {
    receiver = await createReceiver();
    network = await startTestNetwork({
      secrets: kind,
      regionNames: ['eu-west'],
      runtime: ['bun', 'node'],
      authorityEnv: {
        LOG_LEVEL: 'debug',
        RECOVER_AFTER_MS: '500',
        RECOVER_INTERVAL_MS: '50',
        WEBHOOK_ALLOW: '127.0.0.1',
      },
      nodeEnv: { LOG_LEVEL: 'debug' },
    });
    for (const node of network.serving) {
      // Each keeps its state in a file of its own.
      await node.restart({
        env: { SNAPSHOT_PATH: join(network.dir, `${node.name}.state`), SNAPSHOT_INTERVAL_MS: '100' },
      });
    }
    const admin = network.api(network.authority);
    const persons: Record<keyof typeof tokens, Permission[]> = {
      writer: ['read', 'write', 'rollback', 'audit'],
      approver: ['read', 'approve', 'admin', 'break-glass', 'write'],
      reader: ['read'],
      keeper: ['read', 'read-secret', 'write'],
    };
    for (const [name, permissions] of Object.entries(persons)) {
      const body = { name, permissions };
      const made = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
      tokens[name as keyof typeof tokens] = made.body.token;
    }
    const { url } = receiver;
    const hook = await admin.request('PUT', '/api/v1/webhooks/all', { body: { url } });
    expect(hook.status).toBe(200);
    for (const { url: node } of network.serving) {
      // Also one who may see secrets is told of them by name alone.
      watchers.push(startWatcher({ nodes: [node], service: 'pay', token: network.token }));
      watchers.push(openEventStream({ node, headers: { authorization: `Bearer ${tokens.reader}` } }));
    }
  });
  afterAll(async () => {
    for (const watcher of watchers) watcher.close();
    await network?.stop();
    await receiver?.close();
  });

  test('are written, read, rotated and taken back', async () => {
    const [first, encrypted] = [canary(), { user: 'u', password: canary() }];
    expect((await put('password', first)).status).toBe(200);
    expect((await put('account', encrypted, ENCRYPTED)).status).toBe(200);
    const { revision } = await put('password', canary());
    const back = { environment: 'PRODUCTION', service_name: 'pay', config_key: 'password', version: 1 };
    const undone = await ask('writer', 'POST', '/api/v1/config/rollback', { body: back });
    expect([undone.status, undone.revision > revision]).toEqual([200, true]);
    for (const { url } of network.serving) {
      const path = `${at(PAY)}&min_revision=${undone.revision}`;
      expect(await read(path, url)).toEqual({ password: first, account: encrypted });
      for (const who of ['reader', 'nobody'] as const) {
        await ask(who, 'GET', path, { url });
        await ask(who, 'GET', at(`${PAY}/password`), { url });
      }
    }
    expect(await read(`${at(`${PAY}/password`)}&version=1`)).toMatchObject({ config_value: first });
  });

  test('are refused, and what is refused is not repeated', async () => {
    const schema = { type: 'object', additionalProperties: false, properties: { a: { const: 1 } } };
    // A busy machine may take longer to compile it than it is given.
    const rule = () => ask('writer', 'PUT', '/api/v1/schemas/pay/ruled_*', { body: { schema } });
    await until(async () => (await rule()).status === 200, { what: 'a schema to hold' });
    const bad: [number, Promise<Said>][] = [
      [422, put('ruled_a', { [canary()]: canary() })],
      [422, put('ruled_b', { a: canary() }, ENCRYPTED)],
      [413, put('large', canary().repeat(50_000))],
      [400, put('reserved', { $sealed: canary() })],
      [400, put('nul', `${canary()}\0`)],
      [400, put('odd', canary(), { ...SECRET, is_encrypted: false })],
      [400, put('rounded', [canary()], { ...SECRET, old_value: canary(), unknown: canary() })],
      [409, put('password', canary(), { old_value: canary() })],
      [409, put('password', canary(), { config_type: 'BUSINESS_RULE' })],
      [409, put('password', canary(), {})],
      [400, ask('writer', 'PUT', at(`${PAY}/broken`), { body: `{"new_value": "${canary()}" oh` })],
      [400, ask('writer', 'PUT', at(`${PAY}/type`), { body: { new_value: 1, config_type: canary() } })],
      [401, ask('nobody', 'PUT', at(`${PAY}/password`), { body: { new_value: canary(), ...SECRET } })],
      [403, ask('reader', 'PUT', at(`${PAY}/password`), { body: { new_value: canary(), ...SECRET } })],
    ];
    // Of the last but four: without a condition it is no fault at all.
    const statuses = await Promise.all(bad.map(async ([, answer]) => (await answer).status));
    expect(statuses).toEqual(bad.map(([status], index) => (index === 9 ? 200 : status)));

    const into = `/api/v1/config/import?environment=PRODUCTION&service_name=pay&config_type=SECRET`;
    const documents: [string, string][] = [
      ['application/json', `{"imported": "${canary().replace('"', '\\"')}", oh}`],
      ['application/yaml', `imported: "${canary()}\n  : [`],
      ['application/yaml', `imported: *${canary()}`],
      ['text/plain', `IMPORTED=\${${canary()}`],
      ['text/plain', `IMPORTED="$ ${canary()}"`],
    ];
    for (const [type, body] of documents) {
      expect((await ask('writer', 'POST', into, { type, body })).status, body.slice(0, 10)).toBe(400);
    }
  });

  test('are proposed, approved, scheduled, and changed where the glass was broken', async () => {
    const protection = at('/api/v1/protection/STAGING').split('?')[0]!;
    const body = { required_approvals: 1 };
    expect((await ask('approver', 'PUT', protection, { body })).status).toBe(200);
    const proposed = await put('password', canary(), SECRET, 'STAGING');
    expect(proposed.status).toBe(202);
    const { id, digest } = JSON.parse(proposed.text) as ProposalView;
    const path = `/api/v1/proposals/${id}`;
    await ask('reader', 'GET', path);
    expect((await ask('approver', 'POST', `${path}/approve`, { body: { digest } })).status).toBe(200);
    expect((await ask('writer', 'POST', `${path}/apply`, { body: {} })).status).toBe(200);
    const later = { 'x-config-apply-at': new Date(Date.now() + 3_600_000).toISOString() };
    const change = { new_value: canary(), ...SECRET };
    const scheduled = await ask('writer', 'PUT', at(`${PAY}/later`), { body: change, headers: later });
    expect(scheduled.status).toBe(202);
    const broken = {
      body: { ...change, new_value: canary(), reason: 'now' },
      headers: { 'x-config-break-glass': 'true' },
    };
    expect((await ask('approver', 'PUT', at(`${PAY}/password`, 'STAGING'), broken)).status).toBe(200);
  });

  test('are promoted, exported, imported, compared and listed', async () => {
    await put('password', canary(), SECRET, 'TEST');
    const promote = { from: 'TEST', to: 'DEVELOPMENT', service_name: 'pay' };
    for (const dry_run of [true, false]) {
      const body = { ...promote, dry_run };
      expect((await ask('writer', 'POST', '/api/v1/config/promote', { body })).status).toBe(403);
      expect((await ask('keeper', 'POST', '/api/v1/config/promote', { body })).status).toBe(200);
    }
    const into = '/api/v1/config/import?environment=DEVELOPMENT&service_name=pay&config_type=SECRET';
    for (const dry of ['true', 'false']) {
      const body = { password: canary(), more: canary() };
      expect((await ask('writer', 'POST', `${into}&dry_run=${dry}`, { body })).status).toBe(200);
    }
    for (const format of ['json', 'yaml', 'env'])
      await ask(
        'reader',
        'GET',
        `/api/v1/config/export?environment=PRODUCTION&service_name=pay&format=${format}`,
      );
    const lists = [
      at(`${PAY}/password/versions`),
      `${at('/api/v1/config/history')}&service_name=pay`,
      `${at('/api/v1/config/diff')}&service_name=pay&config_key=password&from=v1&to=v2`,
      `${at('/api/v1/config/diff')}&service_name=pay&from=present&to_environment=TEST`,
      '/api/v1/audit?limit=500',
      '/api/v1/audit?limit=500&outcome=aborted',
      '/api/v1/audit/export?format=csv',
      '/api/v1/audit/export?format=ndjson',
      '/api/v1/events?limit=500',
      '/api/v1/proposals',
    ];
    for (const path of lists) expect((await ask('writer', 'GET', path)).status, path).toBe(200);
  });

  test.each(FAULT_POINTS)('are being written as the authority dies at %s', async point => {
    await network.authority.restart({ env: { FAULT_POINT: point } });
    await put('faulted', canary()).catch(() => {});
    await network.authority.ended();
    await network.authority.start();
    await succeeds('faulted');
  });

  test('are being written while a store does not answer', async () => {
    const keyring = join(network.dir, 'keyring.json');
    const vault = network.vault;
    const failures: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
      ['Postgres', () => network.postgres.kill(), () => network.postgres.start()],
      ['etcd', () => network.etcd.kill(), () => network.etcd.start()],
      vault
        ? ['Vault', () => vault.kill(), () => vault.start()]
        : [
            'the keyring',
            () => renameSync(keyring, `${keyring}.away`),
            () => renameSync(`${keyring}.away`, keyring),
          ],
    ];
    for (const [what, strike, mend] of failures) {
      await strike();
      const [secret, encrypted] = await Promise.all([
        put('failing', canary()),
        put('account', canary(), ENCRYPTED),
      ]);
      expect([secret.status, encrypted.status], what).toEqual([503, 503]);
      // What the nodes have opened they go on showing.
      for (const { url } of network.serving) {
        expect(typeof ((await read(at(`${PAY}/password`), url)) as { config_value: Json }).config_value).toBe(
          'string',
        );
        await ask('reader', 'GET', at(PAY), { url });
      }
      await mend();
      await succeeds('failing');
    }
  });

  test('are found nowhere else', async () => {
    const { revision } = await put('last', canary());
    expect(revision).toBeGreaterThan(0);
    for (const { url } of network.serving) {
      expect((await ask('reader', 'GET', `${at(PAY)}&min_revision=${revision}`, { url })).status).toBe(200);
      await until(
        async () => {
          const { text } = await ask('nobody', 'GET', '/status', { url });
          return (JSON.parse(text) as { disk: { saved_revision: number } }).disk.saved_revision >= revision;
        },
        { what: 'the state to be on disk' },
      );
    }
    await until(() => [...receiver.messages].some(each => JSON.stringify(each).includes('"last"')), {
      what: 'the webhook to be told of the last change',
    });
    for (const { url } of [network.authority, ...network.serving])
      for (const path of ['/metrics', '/status']) await ask('nobody', 'GET', path, { url });

    // What is compressed would hide it.
    const { port } = network.regions[0]!.redis;
    await redisCommand({ port }, 'CONFIG', 'SET', 'rdbcompression', 'no');
    await redisCommand({ port }, 'SAVE');
    const dump = execFileSync('pg_dump', [network.postgres.url], {
      maxBuffer: 1024 * 1024 * 1024,
    });

    const postgres = execFileSync('psql', [network.postgres.url, '-Atc', 'SHOW data_directory'], {
      encoding: 'utf8',
    }).trim();
    execFileSync('psql', [network.postgres.url, '-qc', 'CHECKPOINT']);
    const { within, below } = createLeakSearch([mark]);
    const frames = watchers.map(watcher =>
      JSON.stringify('received' in watcher ? watcher.received : watcher.events),
    );
    // Where Vault keeps what it is told is its own affair.
    const isVaults = (path: string) => path === join(network.dir, 'vault');
    const found: Leak[] = [
      ...answered.flatMap(text => within('an answer', text)),
      ...frames.flatMap(text => within('frames', text)),
      ...within('webhooks', JSON.stringify(receiver.messages)),
      ...within('a dump of Postgres', dump),
      ...below(network.dir, isVaults),
      ...below(postgres),
    ];
    expect(found).toEqual([]);

    // It has looked at something: what is no secret is found in each of these.
    const plain = createLeakSearch(['$sealed', 'ruled_', 'faulted']);
    expect(plain.within('a dump of Postgres', dump).map(({ text }) => text)).toContain('$sealed');
    const where = plain
      .below(network.dir, isVaults)
      .map(leak => leak.where.slice(network.dir.length + 1).split('/')[0]);
    for (const part of ['etcd', 'redis-eu-west', 'eu-west-1.state', 'eu-west-2.state'])
      expect(where).toContain(part);
    expect(plain.below(join(postgres, 'base'))).not.toEqual([]);
    expect(canaries).toBeGreaterThan(40);
    expect(answered.length).toBeGreaterThan(100);
    expect(frames.every(text => text.includes('$withheld'))).toBe(true);
  });
});
