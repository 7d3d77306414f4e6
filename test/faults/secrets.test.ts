/** Secrets in a real Vault: while it is away, and when versions are destroyed in it. */
import type { DestroyedVersions } from '@quantivista/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import type { VaultServer } from '../../infra/stack/vault-server.ts';
import type { Api } from '../harness/api.ts';
import { createLink, type Link } from '../harness/link.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { describeWithVault } from '../harness/vault.ts';

const SECRET = { body: { config_type: 'SECRET' } };
const PROBLEM = 'urn:quantivista:problem:secrets_unavailable';
const UNAVAILABLE = { $withheld: 'secrets_unavailable' };

describeWithVault('secrets in Vault', () => {
  let network: TestNetwork;
  let authority: Api;
  let node: Api;
  let component: Component;
  let vault: VaultServer;
  /** Between Vault and the processes. */
  let link: Link;
  let env: Record<string, string>;

  beforeAll(async () => {
    network = await startTestNetwork({
      secrets: 'vault',
      regionNames: ['eu'],
      nodeRoles: ['feed,serve'],
      nodeEnv: { MAX_WAIT_MS: '5000', VAULT_TIMEOUT_MS: '500' },
      authorityEnv: { VAULT_TIMEOUT_MS: '500' },
    });
    authority = network.api(network.authority);
    component = network.serving[0]!;
    node = network.api(component);
    vault = network.vault!;
    link = await createLink(vault.port);
    // TLS is end to end: the certificate is for the address, whatever the port.
    env = { VAULT_ADDR: link.url.replace('http:', 'https:') };
    await Promise.all([network.authority, component].map(each => each.restart({ env })));
  });
  afterAll(async () => {
    await network?.stop();
    await link?.close();
  });

  const at = (revision: number) => ({ query: { min_revision: revision } });
  const secretsOfNode = async () => (await node.status()).body.secrets as Record<string, unknown>;
  const destroy = (key: string, versions: number[]) =>
    authority.request<DestroyedVersions>('POST', '/api/v1/secrets/destroy', {
      body: { environment: 'PRODUCTION', service_name: 'gone', config_key: key, versions },
    });

  test('while it is away, what was opened is shown, and a node that starts is ready without', async () => {
    await authority.put('away', 'limit', 1);
    const { revision } = await authority.put('away', 'password', 'held', SECRET);
    expect((await node.list('away', at(revision))).body).toEqual({ limit: 1, password: 'held' });
    await vault.kill();

    const refused = await authority.put('away', 'password', 'lost');
    expect(refused.problem.type).toBe(PROBLEM);
    expect((await authority.put('away', 'limit', 2)).status).toBe(200);
    expect((await node.get('away', 'password')).body.config_value).toBe('held');
    await until(async () => (await secretsOfNode()).state === 'unreachable', { what: 'the node to notice' });

    await component.restart({ env });
    expect((await fetch(`${component.url}/readyz`)).status).toBe(200);
    const missing = await node.get('away', 'password');
    expect(missing.problem.type).toBe(PROBLEM);
    expect(missing.headers.get('retry-after')).toBe('1');
    const map = await node.list('away');
    expect(map.body).toEqual({ limit: 2, password: UNAVAILABLE });
    expect([map.headers.get('etag'), map.headers.get('x-config-withheld')]).toEqual([null, '1']);
    expect(await secretsOfNode()).toMatchObject({ opened: 0, pending: 1 });

    await vault.start();
    await until(async () => (await node.get('away', 'password')).body?.config_value === 'held', {
      what: 'the secret to be opened',
    });
    expect((await node.list('away')).body).toEqual({ limit: 2, password: 'held' });
    await until(async () => (await authority.put('away', 'password', 'new')).status === 200, {
      what: 'the authority to reach Vault again',
    });
  });

  /** What is to come is refused, or is done once more where it was not. */
  const succeeds = (service: string, value: string) =>
    until(async () => (await authority.put(service, 'password', value)).status === 200, {
      what: 'the authority to keep a secret again',
    });
  const shows = (service: string, value: string) =>
    until(async () => (await node.get(service, 'password')).body?.config_value === value, {
      what: `the node to show ${value}`,
    });

  test.each<[string, () => unknown, () => unknown]>([
    ['sealed', () => vault.seal(), () => vault.unseal()],
    ['stopped', () => vault.pause(), () => vault.resume()],
    ['slow', () => link.delay(2_000), () => link.delay(0)],
    ['cut off', () => link.cut(), () => link.heal()],
  ])('while it is %s reads go on, writes fail clearly, and all of it heals', async (what, strike, mend) => {
    const service = what.replace(' ', '_');
    await authority.put(service, 'limit', 1);
    await authority.put(service, 'password', 'held', SECRET);
    const { revision } = await authority.put(service, 'sealed', 'too', { body: { is_encrypted: true } });
    const held = { limit: 1, password: 'held', sealed: 'too' };
    expect((await node.list(service, at(revision))).body).toEqual(held);
    await strike();
    try {
      for (const key of ['password', 'sealed']) {
        const refused = await authority.put(service, key, 'lost');
        expect([refused.status, refused.problem.type]).toEqual([503, PROBLEM]);
      }
      expect((await authority.get(service, 'password')).problem.type).toBe(PROBLEM);
      const open = await authority.put(service, 'limit', 2);
      expect((await node.list(service, at(open.revision))).body).toEqual({ ...held, limit: 2 });
      expect((await node.get(service, 'password')).body.config_value).toBe('held');
      await until(async () => (await secretsOfNode()).state !== 'ready', { what: 'the node to notice' });
      for (const path of ['livez', 'readyz'])
        expect((await fetch(`${component.url}/${path}`)).status).toBe(200);
    } finally {
      await mend();
    }
    await succeeds(service, 'new');
    await shows(service, 'new');
    const { body } = await authority.get(service, 'password', { query: { version: 1 } });
    expect(body.config_value).toBe('held');
    await until(async () => (await secretsOfNode()).state === 'ready', { what: 'the node to be let in' });
  });

  test('when all logins have ended, and when it has restarted, nobody notices', async () => {
    await authority.put('logins', 'password', 'one', SECRET);
    await shows('logins', 'one');
    await vault.call('PUT', 'sys/leases/revoke-prefix/auth/approle/login');
    // Within the call: the next one logs in.
    expect((await authority.put('logins', 'password', 'two')).status).toBe(200);
    await shows('logins', 'two');
    await vault.restart();
    await succeeds('logins', 'three');
    await shows('logins', 'three');
  });

  test('a destroyed version can not be read nor come back; the present one can not be destroyed', async () => {
    for (const value of ['one', 'two', 'three'])
      expect((await authority.put('gone', 'password', value, SECRET)).status).toBe(200);
    expect((await destroy('password', [3])).problem.type).toBe('urn:quantivista:problem:in_use');
    expect((await destroy('password', [9])).status).toBe(404);
    const { status, body } = await destroy('password', [1]);
    expect([status, body]).toEqual([200, expect.objectContaining({ destroyed: [1], version: 1 })]);
    expect((await destroy('password', [2, 1])).body.destroyed).toEqual([1, 2]);

    expect((await authority.get('gone', 'password', { query: { version: 1 } })).status).toBe(410);
    const to = { environment: 'PRODUCTION', service_name: 'gone', config_key: 'password' } as const;
    const back = await authority.rollback({ ...to, version: 1 });
    expect(back.problem.type).toBe('urn:quantivista:problem:secret_destroyed');
    const { body: kept } = await authority.get('gone', 'password');
    expect(kept).toMatchObject({ config_value: 'three', version: 3 });

    await authority.put('gone', 'encrypted', 'x', { body: { is_encrypted: true } });
    await authority.put('gone', 'encrypted', 'y');
    expect((await destroy('encrypted', [1])).problem.type).toBe('urn:quantivista:problem:not_supported');
    const trail = await authority.request('GET', '/api/v1/audit?kind=secret&outcome=committed');
    expect(trail.body).toMatchObject({
      entries: [{ new_value: { destroyed: [1, 2] } }, { new_value: { destroyed: [1] } }],
    });
  });
});
