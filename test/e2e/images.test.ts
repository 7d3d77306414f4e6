/**
 * What goes into the images runs as a user who owns nothing of it and may write to one folder alone. The tree is made by
 * the same script as in infra/images/Dockerfile; the images themselves are not built here.
 */
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Component, createComponent } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createPostgresServer } from '../../infra/stack/postgres-server.ts';
import { ROOT, type Runtime, runtimes } from '../../infra/stack/programs.ts';
import { createEtcdServer, createRedisServer } from '../../infra/stack/stores.ts';

const dockerfile = readFileSync(join(ROOT, 'infra/images/Dockerfile'), 'utf8');
/** As the images have it. */
const USER = { uid: 65_532, gid: 65_532 };

test('the images’ runtimes are those that the tests run on', () => {
  const versions = readFileSync(join(ROOT, 'pnpm-workspace.yaml'), 'utf8');
  for (const [image, name] of [
    ['node', 'node'],
    ['oven/bun', 'bun'],
  ]) {
    const version = new RegExp(`\\n  ${name}: (\\d\\S*)`).exec(versions)![1];
    expect(dockerfile).toContain(`FROM ${image}:${version}-`);
  }
  expect(dockerfile.match(/^USER .*$/gm)).toEqual([
    `USER ${USER.uid}:${USER.gid}`,
    `USER ${USER.uid}:${USER.gid}`,
  ]);
});

// Another user can be become by root alone.
describe.skipIf(process.getuid?.() !== 0)('what is in them', () => {
  let dir: string;
  const running: Component[] = [];
  const begun = async (component: Component): Promise<Component> => {
    running.unshift(component);
    await component.start();
    return component;
  };
  const data = (app: string) => join(dir, `${app}-data`);

  function prepare(app: 'authority' | 'read-node', runtime: Runtime): void {
    const target = join(dir, app);
    execFileSync(join(ROOT, 'infra/images/assemble.sh'), [app, target, '--offline'], { stdio: 'pipe' });
    copyFileSync(runtimes[runtime](), join(target, runtime));
    mkdirSync(data(app), { mode: 0o700 });
    chownSync(data(app), USER.uid, USER.gid);
  }
  const run = (app: 'authority' | 'read-node', runtime: Runtime, port: number, env: Record<string, string>) =>
    createComponent({
      name: app,
      url: `http://127.0.0.1:${port}`,
      port,
      command: join(dir, app, runtime),
      args: [join(dir, app, `apps/${app}/src/main.ts`)],
      env: { NODE_ENV: 'production', HOME: '/nowhere', TMPDIR: undefined, PORT: String(port), ...env },
      user: USER,
      logFile: join(dir, `${app}.log`),
      ready: async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200,
    });

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'qv-images-'));
    execFileSync('chmod', ['0755', dir]);
    prepare('authority', 'node');
    prepare('read-node', 'bun');
  }, 300_000);
  afterAll(async () => {
    for (const each of running) await each.stop();
    for (const each of running) each.wipe();
    rmSync(dir, { recursive: true, force: true });
  });

  test('runs without a right to write to it, writes below its data alone, and holds no tests', async () => {
    const ports = createPorts();
    const [port, peerPort] = [await ports.next(), await ports.next()];
    const etcd = await begun(createEtcdServer({ name: 'etcd', dir, port, peerPort }));
    const postgres = await begun(createPostgresServer({ name: 'postgres', dir, port: await ports.next() }));
    const redis = await begun(createRedisServer({ name: 'redis', dir, port: await ports.next() }));
    const tokenFile = join(data('authority'), 'admin-token');
    const authority = await begun(
      run('authority', 'node', await ports.next(), {
        ETCD_URLS: etcd.url,
        POSTGRES_URL: postgres.url,
        ADMIN_TOKEN_FILE: tokenFile,
      }),
    );
    const statePath = join(data('read-node'), 'state');
    const node = await begun(
      run('read-node', 'bun', await ports.next(), {
        REGION: 'eu',
        REDIS_URL: redis.url,
        ETCD_URLS: etcd.url,
        SNAPSHOT_PATH: statePath,
        SNAPSHOT_INTERVAL_MS: '50',
      }),
    );
    expect(statSync(tokenFile)).toMatchObject({ uid: USER.uid, mode: 0o100600 });
    const token = readFileSync(tokenFile, 'utf8').trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const path = '/api/v1/config/risk/limit?environment=TEST';
    const put = await fetch(authority.url + path, {
      method: 'PUT',
      headers,
      body: JSON.stringify({ new_value: 7 }),
    });
    expect(put.status).toBe(200);
    const at = `&min_revision=${put.headers.get('x-config-revision')}`;
    const read = await fetch(node.url + path + at, { headers });
    expect(await read.json()).toMatchObject({ config_value: 7 });
    // Ended in order: what it keeps is on disk.
    await node.stop();
    expect(existsSync(statePath)).toBe(true);
    for (const app of ['authority', 'read-node']) {
      const written = execFileSync('find', [join(dir, app), '-user', String(USER.uid)], { encoding: 'utf8' });
      const tests = execFileSync(
        'find',
        [join(dir, app), '-name', '*.test.ts', '-not', '-path', '*/node_modules/*'],
        { encoding: 'utf8' },
      );
      expect([written, tests]).toEqual(['', '']);
      expect(existsSync(join(dir, app, 'node_modules/.pnpm/node_modules/vitest'))).toBe(false);
    }
  });
});
