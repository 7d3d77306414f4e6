/**
 * I6: no plaintext secret at rest or in passing where it was not asked for. Secrets are written, read, changed, refused
 * and made to fail in every way; then they are looked for in all that is left of it: data directories and dumps, logs of
 * every level, metrics, what was answered, what watchers and webhooks were told. So are the tokens and passwords by which
 * all of it was done. There are no traces: the project makes none.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { CreatedToken, Json, Permission, ProposalView } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../apps/authority/src/write/commit.ts';
import { programs } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { createLeakSearch, type Leak, type LeakSearch } from '../harness/leaks.ts';
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
  /** Likewise, and no secret: whoever looks for the one finds the other. */
  const control = randomBytes(8).toString('hex');
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
      storeUsers: true,
      // Many run out on the way.
      etcdTokenTtlS: 2,
      regionNames: ['eu-west'],
      runtime: ['bun', 'node'],
      authorityEnv: {
        LOG_LEVEL: 'debug',
        RECOVER_AFTER_MS: '500',
        RECOVER_INTERVAL_MS: '50',
        WEBHOOK_ALLOW: '127.0.0.1',
      },
      nodeEnv: { LOG_LEVEL: 'debug', MAX_WAIT_MS: '60000' },
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
    expect((await admin.put('pay', 'control', `in the open: ${control}`)).status).toBe(200);
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
      expect(await read(path, url)).toMatchObject({ password: first, account: encrypted });
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
    const ruled = async () => {
      const { status, text } = await ask('writer', 'PUT', '/api/v1/schemas/pay/ruled_*', {
        body: { schema },
      });
      if (status !== 200) throw new Error(text);
      return true;
    };
    await until(ruled, { what: 'a schema to hold', timeoutMs: 60_000 });
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
    type Failure = [string, () => Promise<void> | void, () => Promise<void> | void];
    const ofVault: Failure[] = vault
      ? [
          ['Vault is down', () => vault.kill(), () => vault.start()],
          ['Vault is sealed', () => vault.seal(), () => vault.unseal()],
          ['Vault is stopped', () => vault.pause(), () => vault.resume()],
        ]
      : [];
    const away = `${keyring}.away`;
    const ofKeyring: Failure = [
      'the keyring is away',
      () => renameSync(keyring, away),
      () => renameSync(away, keyring),
    ];
    const failures: Failure[] = [
      ['Postgres is down', () => network.postgres.kill(), () => network.postgres.start()],
      ['etcd is down', () => network.etcd.kill(), () => network.etcd.start()],
      ...(vault ? ofVault : [ofKeyring]),
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

  test('are sealed anew, and destroyed', async () => {
    const body = { environment: 'PRODUCTION', service_name: 'pay' };
    expect((await ask('keeper', 'POST', '/api/v1/secrets/rewrap', { body })).status).toBe(200);
    await succeeds('spent');
    await succeeds('spent');
    const spent = { ...body, config_key: 'spent', versions: [1] };
    const destroyed = await ask('approver', 'POST', '/api/v1/secrets/destroy', { body: spent });
    expect(destroyed.status).toBe(kind === 'vault' ? 200 : 422);
    await ask('writer', 'GET', `${at(`${PAY}/spent`)}&version=1`);
  });

  /** What gives entry, and the files that are there to hold it. */
  function credentials(): {
    readonly texts: readonly string[];
    readonly isHolder: (path: string) => boolean;
  } {
    const holders = ['admin-token', 'passwords', 'vault-roles', 'vault', 'keyring.json', 'webhook-key'];
    // Before 3.5 etcd writes its users' passwords into its log as it makes the users: docs/store-users.md.
    if (/Version: 3\.[0-4]\./.test(execFileSync(programs.etcd()!, ['--version'], { encoding: 'utf8' })))
      holders.push('etcd/member/wal');

    const lines = (path: string): string[] =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter(line => line.length >= 20 && !line.startsWith('user '));
    const below = ['passwords', ...(kind === 'vault' ? ['vault-roles'] : [])].flatMap(folder =>
      readdirSync(join(network.dir, folder)).flatMap(file => lines(join(network.dir, folder, file))),
    );
    const keys =
      kind === 'vault'
        ? Object.values(JSON.parse(readFileSync(join(network.dir, 'vault/init.json'), 'utf8')) as object)
        : readFileSync(join(network.dir, 'keyring.json'), 'utf8').match(/[A-Za-z0-9+/=_-]{40,}/g)!;
    const texts = [network.token, ...Object.values(tokens), ...below, ...keys.flat().map(String)];
    const isHolder = (path: string) => holders.some(holder => path === join(network.dir, holder));
    return { texts, isHolder };
  }

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
    const password = (user: string) => readFileSync(join(network.dir, 'passwords', user), 'utf8').trim();
    const as = { username: 'operator', password: password('operator') };
    await redisCommand({ port, as }, 'CONFIG', 'SET', 'rdbcompression', 'no');
    await redisCommand({ port, as }, 'SAVE');
    const env = { ...process.env, PGPASSWORD: password('postgres-owner') };
    const dump = execFileSync('pg_dump', [network.postgres.url], { env, maxBuffer: 1024 * 1024 * 1024 });

    const sql = (statement: string) =>
      execFileSync('psql', [network.postgres.url, '-Atqc', statement], { env, encoding: 'utf8' }).trim();
    const postgres = sql('SHOW data_directory');
    sql('CHECKPOINT');
    const frames = watchers.map(watcher =>
      JSON.stringify('received' in watcher ? watcher.received : watcher.events),
    );
    // Where Vault keeps what it is told is its own affair.
    const isVaults = (path: string) => path === join(network.dir, 'vault');
    /** All that is left, but what stands in files that are there to hold it. */
    const search = ({ within, below }: LeakSearch, isHolder: (path: string) => boolean): Leak[] => [
      ...answered.flatMap(text => within('an answer', text)),
      ...frames.flatMap(text => within('frames', text)),
      ...within('webhooks', JSON.stringify(receiver.messages)),
      ...within('a dump of Postgres', dump),
      ...below(network.dir, isHolder),
      ...below(postgres),
    ];
    expect(search(createLeakSearch([mark]), isVaults)).toEqual([]);
    const { texts, isHolder } = credentials();
    expect(texts.length).toBeGreaterThan(10);
    // Who is told of the process, or looks at it, sees none of it either.
    const processes = [network.authority, ...network.serving].flatMap(({ pid }) =>
      ['environ', 'cmdline'].map(file => readFileSync(`/proc/${pid}/${file}`)),
    );
    const ofCredentials = createLeakSearch([mark, ...texts]);
    expect(search(ofCredentials, isHolder)).toEqual([]);
    expect(processes.flatMap(text => ofCredentials.within('a process', text))).toEqual([]);

    // What is no secret is found, in each place where it should be.
    const controls = search(createLeakSearch([control]), isVaults).map(({ where }) =>
      where.startsWith(network.dir) ? where.slice(network.dir.length + 1).split('/')[0] : where,
    );
    for (const place of ['an answer', 'frames', 'webhooks', 'a dump of Postgres', 'etcd', 'redis-eu-west'])
      expect(controls).toContain(place);
    expect(controls.filter(place => place?.startsWith(postgres))).not.toEqual([]);

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
