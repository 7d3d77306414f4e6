/** Each user of a store does what its processes do there, and nothing else: docs/store-users.md, in real stores. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAudit } from '@quantivista/audit';
import {
  accessLogKey,
  configurationKey,
  DISTRIBUTED_PREFIX,
  impressionsKey,
  operationKey,
  REGIONS_PREFIX,
  regionInstancesKey,
  regionKey,
  ServiceError,
  TOKENS_PREFIX,
} from '@quantivista/contracts';
import { createEtcd, type Etcd, etcdOptions, type Txn } from '@quantivista/etcd';
import { createEventStream, createRegionReader, createRegionWriter } from '@quantivista/region';
import { passwordFile, silentLog } from '@quantivista/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEtcdSink } from '../../apps/read-node/src/report/etcd-sink.ts';
import { createAuthority, createReadNode } from '../../infra/stack/apps.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createPostgresServer, servingUrl } from '../../infra/stack/postgres-server.ts';
import { createStoreLogins, type StoreLogins } from '../../infra/stack/store-logins.ts';
import { CENTRE_ACL, nodeUser } from '../../infra/stack/store-users.ts';
import { createEtcdServer, createRedisServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { createLeakSearch } from '../harness/leaks.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { describeRegion } from './region-cases.ts';

/** `eu-west` is fed by `eu`; `eu-east` is another, whose name begins alike. */
const REGIONS = [{ name: 'eu' }, { name: 'eu-west', fedBy: 'eu' }, { name: 'eu-east' }];
const TOKEN_TTL_S = 1;
const CONFIGURATION = configurationKey({ environment: 'TEST', service: 'risk', key: 'limit' });

let dir: string;
let logins: StoreLogins;
let ports: ReturnType<typeof createPorts>;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'qv-users-'));
  ports = createPorts();
  logins = createStoreLogins({ dir: join(dir, 'passwords'), regions: REGIONS, isOurs: () => true });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const fails = async (attempt: Promise<unknown>): Promise<ServiceError> => {
  const error = await attempt.then(
    () => expect.unreachable('it succeeds'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ServiceError);
  return error as ServiceError;
};
const denied = async (attempt: Promise<unknown>) =>
  expect(String((await fails(attempt)).cause)).toMatch(/permission denied|NOPERM/);

describe('etcd', () => {
  let server: Component;
  let authority: Etcd;
  let feeder: Etcd;
  const opened: Etcd[] = [];
  const open = (login: Readonly<Record<string, string>>): Etcd => {
    const etcd = createEtcd(etcdOptions({ ETCD_URLS: [server.url], ...login }));
    opened.push(etcd);
    return etcd;
  };
  beforeAll(async () => {
    server = createEtcdServer({
      name: 'etcd',
      dir,
      port: await ports.next(),
      peerPort: await ports.next(),
      tokenTtlS: TOKEN_TTL_S,
    });
    await server.start();
    await logins.setUpEtcd(server.url);
    authority = open(logins.authority);
    feeder = open(logins.feeder('eu'));
  });
  afterAll(async () => {
    for (const each of opened) each.close();
    await server.stop();
  });

  const put = (key: string, value = '1'): Txn => ({ compare: [], success: [{ op: 'put', key, value }] });

  test('the authority writes and reads what is the network’s, and nothing beside it', async () => {
    for (const key of [CONFIGURATION, operationKey('1'), regionKey('eu'), `${TOKENS_PREFIX}x`]) {
      expect((await authority.txn(put(key))).succeeded).toBe(true);
      expect((await authority.read([key])).entries[0]?.value).toBe('1');
    }
    expect(await authority.list({ prefix: DISTRIBUTED_PREFIX })).toMatchObject({ kind: 'listed' });
    for (const key of ['/other/key', '/quantivis', '/quantivistb/']) {
      await denied(authority.txn(put(key)));
      await denied(authority.read([key]));
    }
    await denied(authority.list({ prefix: '/' }));
    await denied(authority.deleteRange('/a', '/b'));
  });

  test('nobody but root makes users', async () => {
    const { ETCD_USERNAME: name, ETCD_PASSWORD_FILE: file } = logins.authority as Record<string, string>;
    const post = (path: string, body: object, authorization?: string) =>
      fetch(`${server.url}/v3/auth/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        ...(authorization && { headers: { authorization } }),
      });
    const login = { name, password: readFileSync(file!, 'utf8').trim() };
    const { token } = (await (await post('authenticate', login)).json()) as { token: string };
    for (const who of [undefined, token]) {
      expect((await post('user/add', { name: 'x', password: 'x' }, who)).ok).toBe(false);
      expect((await post('disable', {}, who)).ok).toBe(false);
    }
  });

  test('feeders read what is distributed, and report of their region and of those below it', async () => {
    await authority.txn(put(CONFIGURATION, 'read'));
    expect((await feeder.read([CONFIGURATION])).entries[0]?.value).toBe('read');
    const sink = createEtcdSink({ etcd: feeder, leaseS: 10, log: silentLog });
    const said = { reporter: 'n', at: 1, generation: null, revision: null, truncated: false, nodes: [] };
    for (const region of ['eu', 'eu-west']) await sink.deliver({ region, ...said });
    await sink.withdraw('eu-west');
    sink.close();
    for (const key of [impressionsKey('eu'), accessLogKey('eu')]) {
      const { revision } = await feeder.txn({
        compare: [{ key, target: 'create', is: 0 }],
        success: [{ op: 'put', key, value: '{}' }],
      });
      expect(revision).toBeGreaterThan(0);
    }
  });

  test.each([
    ['a configuration', CONFIGURATION],
    ['a token', `${TOKENS_PREFIX}mine`],
    ['the heartbeat', `${DISTRIBUTED_PREFIX}_heartbeat`],
    ['a marker', operationKey('mine')],
    ['another region’s report', regionKey('eu-east')],
    ['another region’s instances', regionInstancesKey('eu-east')],
    ['what another region has counted', impressionsKey('eu-east')],
    ['what another region has denied', accessLogKey('eu-east')],
    ['a key below its own', `${regionKey('eu')}/other`],
  ])('feeders can not write %s', async (_, key) => {
    await denied(feeder.txn(put(key)));
    await denied(feeder.txn({ compare: [], success: [{ op: 'delete', key }] }));
    // Nor hide it behind what they may.
    const { success } = put(key);
    await denied(feeder.txn({ compare: [], success: [...put(regionKey('eu')).success, ...success] }));
    await denied(feeder.deleteRange(key, `${key}\0`));
  });

  test('feeders can not read what is the authority’s own', async () => {
    await denied(feeder.read([operationKey('1')]));
    await denied(feeder.list({ prefix: REGIONS_PREFIX }));
    const watch = feeder.watch({ prefix: REGIONS_PREFIX, from: 1, onRevision: () => expect.unreachable() });
    const end = await watch.ended;
    expect(end).toMatchObject({ reason: 'lost' });
    expect(String((end as { cause: unknown }).cause)).toContain('permission denied');
  });

  test('who is not known is told so in the log, by any call, and heals with the file', async () => {
    await fails(open({}).read([CONFIGURATION]));
    const file = join(dir, 'wrong');
    writeFileSync(file, 'not-the-password\n');
    const { ETCD_PASSWORD_FILE: right, ...rest } = logins.feeder('eu') as Record<string, string>;
    const wrong = open({ ...rest, ETCD_PASSWORD_FILE: file });
    const error = await fails(wrong.read([CONFIGURATION]));
    expect(error.message).toBe('The store does not let this process in');
    expect(String(error.cause)).toContain('authentication failed, invalid user ID or password');
    const watching = { prefix: DISTRIBUTED_PREFIX, from: 1, onRevision: () => expect.unreachable() };
    expect(await wrong.watch(watching).ended).toMatchObject({ reason: 'lost' });
    writeFileSync(file, readFileSync(right!));
    expect((await wrong.read([CONFIGURATION])).entries[0]).toBeDefined();
  });

  test('both go on for longer than a login holds, and when etcd has restarted', async () => {
    const seen: string[] = [];
    const { revision } = await authority.txn(put(CONFIGURATION, 'before'));
    const watch = feeder.watch({
      prefix: DISTRIBUTED_PREFIX,
      from: revision + 1,
      onRevision: ({ events }) => seen.push(...events.map(({ value }) => value ?? '')),
    });
    const lease = await feeder.lease(30);
    await authority.txn(put(CONFIGURATION, 'one'));
    await until(() => seen.includes('one'), { what: 'the watch to see a change' });
    // Each use of a token prolongs it: it runs out unused, and etcd looks for such once a second.
    await pause((TOKEN_TTL_S + 1.5) * 1_000);
    await authority.txn(put(CONFIGURATION, 'two'));
    await until(() => seen.includes('two'), { what: 'the watch to see what comes after its token' });
    expect(await lease.keepAlive()).toBe(true);
    watch.close();

    await server.restart();
    // The tokens are gone with the process.
    expect(await lease.keepAlive()).toBe(true);
    const [put2, read] = await Promise.all([
      authority.txn(put(CONFIGURATION, 'three')),
      feeder.read([CONFIGURATION]),
    ]);
    expect([put2.succeeded, read.entries.length]).toEqual([true, 1]);
    const again = feeder.watch({
      prefix: DISTRIBUTED_PREFIX,
      from: put2.revision,
      onRevision: ({ events }) => seen.push(...events.map(({ value }) => value ?? '')),
    });
    await until(() => seen.includes('three'), { what: 'another watch to see it' });
    again.close();
    await lease.revoke();
  });
});

describe('Redis', () => {
  let server: Component;
  const password = passwordFile;
  const settings = (region: string) => logins.node(region, server.url) as Record<string, string>;
  const address = (region: string) => {
    const { REDIS_URL: url, REDIS_PASSWORD_FILE: file } = settings(region);
    return { url: url!, password: password(file) };
  };
  beforeAll(async () => {
    const port = await ports.next();
    const aclFile = logins.redisAcl('redis', ['eu', 'eu-east']);
    server = createRedisServer({ name: 'redis', dir, port, aclFile });
    await server.start();
  });
  afterAll(() => server.stop());

  let scope = 0;
  describe('a node does all that it does', () =>
    describeRegion(() => {
      // Keys of nodes that hold some environments alone: others each time.
      const options = { ...address('eu'), region: `eu@e${++scope}`, blockMs: 200 };
      return { writer: createRegionWriter(options), reader: createRegionReader(options) };
    }));

  test('it reads and writes no key of another region', async () => {
    for (const region of ['eu-east', 'eu-west', 'centre']) {
      const reader = createRegionReader({ ...address('eu'), region });
      const writer = createRegionWriter({ ...address('eu'), region });
      await denied(reader.state());
      await denied(reader.suspect('g'));
      await denied(writer.publish({ generation: undefined, revision: undefined }, 'g', 1, []));
      reader.close();
      writer.close();
    }
  });

  test('it commands nothing that it does not need, and a rule can no more than who runs it', async () => {
    const { password: read } = address('eu');
    const as = { username: nodeUser('eu'), password: read!() };
    const own = '{qv:eu}:generation';
    for (const words of [
      ['KEYS', '*'],
      ['SCAN', '0'],
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
      ['ACL', 'LIST'],
      ['SHUTDOWN'],
      ['REPLICAOF', 'NO', 'ONE'],
      ['SAVE'],
      ['CLIENT', 'LIST'],
      ['MONITOR'],
      ['SUBSCRIBE', 'x'],
      ['PUBLISH', 'x', 'y'],
      ['SCRIPT', 'FLUSH'],
      ['MIGRATE', '127.0.0.1', '1', own, '0', '1'],
      ['RENAME', own, '{qv:eu-east}:generation'],
      ['EVAL', "return redis.call('GET', '{qv:eu-east}:generation')", '0'],
      ['EVAL', "return redis.call('FLUSHALL')", '0'],
    ])
      await expect(redisCommand({ port: server.port, as }, ...words), words.join(' ')).rejects.toThrow(
        /NOPERM|permission|can't (run|access)/,
      );
    await expect(redisCommand({ port: server.port }, 'GET', own)).rejects.toThrow('NOAUTH');
  });

  test('a wrong password is told so, and heals with the file', async () => {
    const file = join(dir, 'wrong-redis');
    writeFileSync(file, 'not-the-password');
    const { REDIS_URL: url, REDIS_PASSWORD_FILE: right } = settings('eu');
    const reader = createRegionReader({ url: url!, password: password(file), region: 'eu' });
    const error = await fails(reader.state());
    expect(String(error.cause)).toContain('WRONGPASS');
    writeFileSync(file, readFileSync(right!));
    await until(() => reader.state().then(() => true), { what: 'Redis to let it in' });
    reader.close();
  });

  test('the authority adds to the centre’s stream of events, and does nothing else', async () => {
    const operator = {
      username: 'operator',
      password: readFileSync(join(dir, 'passwords/operator'), 'utf8'),
    };
    const as = { ...operator, password: operator.password.trim() };
    const rule = CENTRE_ACL.split(' ');
    await redisCommand({ port: server.port, as }, 'ACL', 'SETUSER', 'centre', 'on', '>secret-1', ...rule);
    const url = `redis://centre:secret-1@127.0.0.1:${server.port}`;
    const stream = createEventStream({ url });
    expect(await stream.newest()).toBe(0);
    await stream.append([{ sequence: 7, id: 'a', event: '{}' }]);
    expect(await stream.newest()).toBe(7);
    stream.close();
    const reader = createRegionReader({ url, region: 'eu' });
    await denied(reader.state());
    reader.close();
  });
});

describe.each(['node', 'bun'] as const)('a password in a URL, on %s', runtime => {
  const secret = `${randomBytes(12).toString('hex')}@pa%24ss`;

  test('is told to nobody, whatever becomes of it', async () => {
    // Stores that refuse it, and one that is not there.
    const aclFile = logins.redisAcl('refusing', ['eu']);
    const redis = createRedisServer({ name: 'refusing', dir, port: await ports.next(), aclFile });
    const password = encodeURIComponent(secret);
    const [closed, port, nodePort] = [await ports.next(), await ports.next(), await ports.next()];
    const common = { LOG_LEVEL: 'debug', READS: 'open', ETCD_URLS: `http://127.0.0.1:${closed}` };
    const authority = createAuthority({
      name: `authority-${runtime}`,
      dir,
      port,
      runtime: 'node',
      env: {
        ...common,
        POSTGRES_URL: `postgres://who:${password}@127.0.0.1:${closed}/x`,
        CENTRE_REDIS_URL: `redis://who:${password}@127.0.0.1:${redis.port}`,
        ADMIN_TOKEN_FILE: join(dir, 'token'),
      },
    });
    const node = createReadNode({
      name: `node-${runtime}`,
      dir,
      port: nodePort,
      runtime,
      env: { ...common, REGION: 'eu', REDIS_URL: `redis://who:${password}@127.0.0.1:${redis.port}` },
    });
    const running = [redis, authority, node];
    try {
      await redis.start();
      await Promise.all([authority, node].map(each => each.start({ wait: false })));
      const logs = () => [authority, node].map(({ logFile }) => readFileSync(logFile, 'utf8')).join('');
      const why = ['ECONNREFUSED', 'WRONGPASS'];
      await until(() => why.every(each => logs().includes(each)), { what: 'both to say what is wrong' });
      const told = await Promise.all(
        ['/status', '/metrics', '/readyz', '/api/v1/config/risk?environment=TEST'].map(async path => {
          const answer = await fetch(node.url + path);
          return JSON.stringify([...answer.headers]) + (await answer.text());
        }),
      );
      const search = createLeakSearch([secret, password]);
      expect([...told, logs()].flatMap(text => search.within('what is told', text))).toEqual([]);
    } finally {
      await Promise.all(running.map(each => each.stop()));
    }
  });
});

describe('Postgres', () => {
  let server: Component;
  beforeAll(async () => {
    server = createPostgresServer({
      name: 'postgres',
      dir,
      port: await ports.next(),
      passwords: logins.postgres,
    });
    await server.start();
  });
  afterAll(async () => {
    await server.stop();
    server.wipe();
  });

  test('the owner migrates and the other serves, by the passwords of the moment', async () => {
    const file = join(dir, 'wrong-postgres');
    writeFileSync(file, 'not-the-password');
    const { ownerFile, servingFile } = logins.postgres!;
    const audit = createAudit({
      url: servingUrl(server.url),
      password: passwordFile(file),
      migrateUrl: server.url,
      migratePassword: passwordFile(ownerFile),
    });
    await audit.migrate();
    const error = await fails(audit.ping());
    expect(String(error.cause)).toContain('password authentication failed');
    writeFileSync(file, readFileSync(servingFile));
    await audit.ping();
    await audit.close();
    const swapped = createAudit({ url: server.url, password: passwordFile(servingFile) });
    await fails(swapped.ping());
    await swapped.close();
  });
});
