/** Whatever befalls Vault: calls fail in time and tell nothing, the status says why, and it heals by itself. */

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { SealedValue } from '@quantivista/contracts';
import type { SecretStore } from '@quantivista/vault';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runtimes } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { cleanFailure } from '../harness/clean-error.ts';
import { describeWithVault, startTestVault, type TestVault } from '../harness/vault.ts';
import { CANARY, opened, PATH } from '../stores/secret-store-cases.ts';

/** As Kubernetes makes them, but for the signature, which its API judges. */
function serviceAccountToken(name: string): string {
  const claims = {
    iss: 'kubernetes/serviceaccount',
    sub: `system:serviceaccount:trading:${name}`,
    'kubernetes.io/serviceaccount/namespace': 'trading',
    'kubernetes.io/serviceaccount/service-account.name': name,
    'kubernetes.io/serviceaccount/service-account.uid': '1',
  };
  const parts = [JSON.stringify({ alg: 'RS256', typ: 'JWT' }), JSON.stringify(claims), 'signature'];
  return parts.map(part => Buffer.from(part).toString('base64url')).join('.');
}

describeWithVault('Vault', () => {
  let vault: TestVault;
  let store: SecretStore;
  beforeAll(async () => {
    vault = await startTestVault();
  });
  afterAll(() => vault?.stop());

  const call = (...args: Parameters<TestVault['server']['call']>) => vault.server.call(...args);
  const be = (state: string) =>
    until(() => store.status().state === state, { what: `Vault to be ${state}, as the store knows` });
  /** Of tokens that are valid. */
  const accessors = async (): Promise<string[]> =>
    ((await call('GET', 'auth/token/accessors?list=true')).body as { data: { keys: string[] } }).data.keys;
  /** As AppRoles give them, so that tokens end soon. */
  const revokeAll = () => call('PUT', 'sys/leases/revoke-prefix/auth/approle/login');

  /** A token that the test knows, of the authority's policy. */
  async function knownToken(): Promise<string> {
    const { body } = await call('POST', 'auth/token/create', { policies: ['quantivista-authority'] });
    return (body as { auth: { client_token: string } }).auth.client_token;
  }

  describe('while it does not answer', () => {
    let token: string;
    beforeEach(async () => {
      token = await knownToken();
      const tokenFile = join(vault.dir, 'token');
      writeFileSync(tokenFile, token);
      store = vault.open('authority', { login: { by: 'token', tokenFile }, timeoutMs: 1_000 });
      await be('ready');
    });
    afterEach(async () => {
      await store.close();
      // Whatever a case left behind where it failed.
      vault.server.resume();
      if (!vault.server.running) await vault.server.start();
      await vault.server.unseal();
    });

    test.each([
      ['sealed', 'sealed', () => vault.server.seal(), () => vault.server.unseal()],
      ['killed', 'unreachable', () => vault.server.kill(), () => vault.server.start()],
      ['stopped', 'unreachable', async () => vault.server.pause(), async () => vault.server.resume()],
    ])('%s: it fails in time, and nothing is lost', async (_, state, strike, mend) => {
      const [secret, encrypted, large] = await Promise.all([
        store.keep(PATH, CANARY, 'secret'),
        store.keep(PATH, CANARY, 'encrypted'),
        store.keep(PATH, CANARY.repeat(3_000), 'encrypted'),
      ]);
      await strike();
      // A signal is not obeyed at once.
      await be(state);
      for (const failing of [
        () => store.open(PATH, secret),
        () => store.open(PATH, encrypted),
        () => store.open(PATH, large),
        () => store.keep(PATH, CANARY, 'secret'),
        () => store.keep(PATH, CANARY, 'encrypted'),
        () => store.keep(PATH, CANARY.repeat(3_000), 'encrypted'),
        () => store.rewrap(PATH, encrypted),
        () => store.destroy(PATH, secret),
      ])
        await cleanFailure(failing(), [CANARY, token]);
      // Many at once wait no longer than one.
      const many = Array.from({ length: 200 }, () => store.open(PATH, secret));
      const outcomes = await Promise.allSettled(many);
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
      // Of many at once some may have come too late to be told more than that.
      await be(state);
      expect(store.status().note).toEqual(expect.any(String));
      await mend();
      await be('ready');
      expect(await store.open(PATH, secret)).toEqual(opened(CANARY));
      expect(await store.open(PATH, encrypted)).toEqual(opened(CANARY));
      expect(await store.open(PATH, large)).toEqual(opened(CANARY.repeat(3_000)));
    });

    test('restarted between two calls it is as if nothing had been', async () => {
      const secret = await store.keep(PATH, CANARY, 'secret');
      await vault.server.restart();
      expect(await store.open(PATH, secret)).toEqual(opened(CANARY));
    });

    test('who starts before it is there comes to be ready with it', async () => {
      await vault.server.kill();
      const early = vault.open('node', { timeoutMs: 500 });
      await cleanFailure(early.open(PATH, { $sealed: { store: 'vault-kv', version: 1, id: 'x' } }), []);
      expect(early.status().state).toBe('unreachable');
      await vault.server.start();
      await until(() => early.status().state === 'ready', { what: 'it to be ready' });
      await early.close();
    });
  });

  describe('tokens', () => {
    test('one that is revoked is replaced within the call, whoever calls, and none is left', async () => {
      const others = (await accessors()).length;
      store = vault.open('authority', { probeMs: 60_000 });
      const sealed = await store.keep(PATH, CANARY, 'secret');
      for (let round = 0; round < 3; round++) {
        await revokeAll();
        expect((await accessors()).length).toBe(others);
        const all = await Promise.all(Array.from({ length: 50 }, () => store.open(PATH, sealed)));
        expect(all).toEqual(all.map(() => opened(CANARY)));
        // Fifty calls made one login.
        expect((await accessors()).length).toBe(others + 1);
      }
      await store.close();
      expect((await accessors()).length).toBe(others);
      await cleanFailure(store.open(PATH, sealed), [CANARY]);
    });

    test('short ones are renewed, and replaced where they end for good, unnoticed', async () => {
      const role = 'auth/approle/role/quantivista-authority';
      await call('POST', role, { token_ttl: '1s', token_max_ttl: '3s' });
      store = vault.open('authority', { probeMs: 60_000 });
      const sealed = await store.keep(PATH, CANARY, 'secret');
      const before = new Set(await accessors());
      const fresh = new Set<string>();
      while (fresh.size < 2) {
        expect(await store.open(PATH, sealed)).toEqual(opened(CANARY));
        for (const each of await accessors()) if (!before.has(each)) fresh.add(each);
      }
      expect(store.status().state).toBe('ready');
      await store.close();
      await call('POST', role, { token_ttl: '1h', token_max_ttl: '24h' });
    });

    test('a login that is refused is not repeated, or the role would be locked, and heals with the file', async () => {
      const file = vault.settings('node').VAULT_SECRET_ID_FILE;
      const secretId = readFileSync(file, 'utf8');
      const wrong = '00000000-1111-2222-3333-444444444444';
      writeFileSync(file, wrong);
      store = vault.open('node');
      await be('denied');
      const sealed: SealedValue = { $sealed: { store: 'vault-kv', version: 1, id: 'x' } };
      for (let times = 0; times < 20; times++) await cleanFailure(store.open(PATH, sealed), [wrong]);
      writeFileSync(file, secretId);
      await be('ready');
      await store.close();
    });

    test('a file that is not there, or holds no token, is told by its name', async () => {
      const tokenFile = join(vault.dir, 'no-token');
      store = vault.open('node', { login: { by: 'token', tokenFile } });
      await be('denied');
      expect(store.status().note).toContain(tokenFile);
      writeFileSync(tokenFile, `${CANARY} ${CANARY}`);
      await until(() => store.status().note?.includes('one word'), { what: 'the file to be read again' });
      await cleanFailure(store.keep(PATH, 1, 'secret'), [CANARY]);
      const first = await knownToken();
      writeFileSync(tokenFile, first);
      await be('ready');
      await call('POST', 'auth/token/revoke', { token: first });
      await be('denied');
      await cleanFailure(store.keep(PATH, CANARY, 'secret'), [CANARY, first]);
      writeFileSync(tokenFile, await knownToken());
      await be('ready');
      await store.close();
    });

    test('Kubernetes vouches for a service account', async () => {
      const jwt = serviceAccountToken('config-node');
      const api = createServer((request, answer) => {
        let body = '';
        request.on('data', chunk => (body += chunk));
        request.on('end', () => {
          const authenticated = JSON.parse(body).spec.token === jwt;
          const user = { username: 'system:serviceaccount:trading:config-node', uid: '1' };
          answer.writeHead(201, { 'content-type': 'application/json' });
          const status = authenticated ? { authenticated, user } : { authenticated, error: 'invalid' };
          answer.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status }));
        });
      }).listen(0, '127.0.0.1');
      await until(() => api.listening, { what: 'the API to listen' });
      const host = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
      await call('POST', 'sys/auth/kubernetes', { type: 'kubernetes' });
      // It wants a certificate there, whether the API speaks TLS or not.
      const certificate = readFileSync(vault.server.caFile, 'utf8');
      const config = {
        kubernetes_host: host,
        kubernetes_ca_cert: certificate,
        token_reviewer_jwt: jwt,
        disable_local_ca_jwt: true,
      };
      await call('POST', 'auth/kubernetes/config', config);
      await call('POST', 'auth/kubernetes/role/config-node', {
        bound_service_account_names: ['config-node'],
        bound_service_account_namespaces: ['trading'],
        token_policies: ['quantivista-node'],
      });
      const tokenFile = join(vault.dir, 'jwt');
      writeFileSync(tokenFile, serviceAccountToken('another'));
      const login = { by: 'kubernetes', mount: 'kubernetes', role: 'config-node', tokenFile } as const;
      store = vault.open('node', { login });
      await until(() => store.status().note, { what: 'the login to fail' });
      writeFileSync(tokenFile, jwt);
      await be('ready');
      await store.close();
      api.close();
    });
  });

  describe('as it is set up', () => {
    beforeEach(async () => {
      store = vault.open('authority');
      await be('ready');
    });
    afterEach(() => store.close());

    test('who may only read is denied the rest, by name, and stays logged in', async () => {
      const node = vault.open('node');
      const [secret, encrypted] = [
        await store.keep(PATH, CANARY, 'secret'),
        await store.keep(PATH, CANARY, 'encrypted'),
      ];
      expect(await node.open(PATH, secret)).toEqual(opened(CANARY));
      const before = new Set(await accessors());
      for (const denied of [
        () => node.keep(PATH, CANARY, 'secret'),
        () => node.keep(PATH, CANARY, 'encrypted'),
        () => node.rewrap(PATH, encrypted),
        () => node.destroy(PATH, secret),
      ])
        expect((await cleanFailure(denied(), [CANARY])).message).toContain('policy denies');
      expect(node.status().state).toBe('ready');
      // Others may run out meanwhile: none has come.
      expect((await accessors()).filter(each => !before.has(each))).toEqual([]);
      await node.close();
    });

    test('a path keeps more versions than Vault does by itself', async () => {
      await call('POST', 'quantivista-secrets/config', { max_versions: 0 });
      const fresh = vault.open('authority');
      await fresh.keep(PATH, 1, 'secret');
      const { body } = await call('GET', 'quantivista-secrets/config');
      expect(body).toMatchObject({ data: { max_versions: 10_000 } });
      await fresh.close();
    });

    test('a path that was wiped begins again, and old references find nothing in it', async () => {
      const path = { ...PATH, key: 'wiped' };
      const old = await store.keep(path, 'old', 'secret');
      await call('DELETE', 'quantivista-secrets/metadata/production/risk_engine/wiped');
      expect(await store.open(path, old)).toEqual({ kind: 'absent' });
      const fresh = await store.keep(path, 'new', 'secret');
      expect(fresh.$sealed).toMatchObject({ version: 1 });
      expect(await store.open(path, old)).toEqual({ kind: 'absent' });
      expect(await store.destroy(path, old)).toBe(false);
      expect(await store.open(path, fresh)).toEqual(opened('new'));
    });

    test('a version that somebody deleted is destroyed', async () => {
      const path = { ...PATH, key: 'deleted' };
      const sealed = await store.keep(path, CANARY, 'secret');
      await call('POST', 'quantivista-secrets/delete/production/risk_engine/deleted', { versions: [1] });
      expect(await store.open(path, sealed)).toEqual({ kind: 'destroyed' });
    });

    test('a mount that asks for a condition gets it', async () => {
      await call('POST', 'quantivista-secrets/config', { cas_required: true });
      const kept = await Promise.all([1, 2, 3, 4].map(value => store.keep(PATH, value, 'secret')));
      expect(await Promise.all(kept.map(sealed => store.open(PATH, sealed)))).toEqual(
        [1, 2, 3, 4].map(opened),
      );
      await call('POST', 'quantivista-secrets/config', { cas_required: false });
    });

    test('what is not there, or does not bind, is a fault that names it: nothing is taken for absent', async () => {
      const elsewhere = vault.open('authority', { kvMount: 'nowhere', transitMount: 'nowhere' });
      const sealed = await store.keep(PATH, CANARY, 'secret');
      await cleanFailure(elsewhere.open(PATH, sealed), [CANARY]);
      await cleanFailure(elsewhere.keep(PATH, CANARY, 'secret'), [CANARY]);
      await call('POST', 'sys/mounts/loose', { type: 'transit' });
      await call('POST', 'loose/keys/production', { derived: false });
      await call('PUT', 'sys/policies/acl/quantivista-loose', {
        policy: 'path "loose/*" { capabilities = ["read", "update"] }',
      });
      const token = await call('POST', 'auth/token/create', { policies: ['quantivista-loose'] });
      const tokenFile = join(vault.dir, 'loose');
      writeFileSync(tokenFile, (token.body as { auth: { client_token: string } }).auth.client_token);
      const loose = vault.open('authority', { transitMount: 'loose', login: { by: 'token', tokenFile } });
      for (const value of [CANARY, CANARY.repeat(3_000)])
        expect((await cleanFailure(loose.keep(PATH, value, 'encrypted'), [CANARY])).message).toContain(
          'derived=true',
        );
      await elsewhere.close();
      await loose.close();
    });

    test.each(['bun', 'node'] as const)('a process on %s opens, by its settings alone', async runtime => {
      const values = [CANARY, CANARY.repeat(3_000)];
      const kept = await Promise.all([
        store.keep(PATH, values[0]!, 'secret'),
        ...values.map(value => store.keep(PATH, value, 'encrypted')),
      ]);
      const program = join(import.meta.dirname, '../harness/open-secrets.ts');
      const env = { ...process.env, ...vault.settings('node'), SEALED: JSON.stringify({ path: PATH, kept }) };
      const { stdout } = await promisify(execFile)(runtimes[runtime](), [program], { env });
      expect(JSON.parse(stdout)).toEqual([values[0]!, ...values].map(opened));
    });

    test('a certificate that nobody vouches for is not trusted, whatever the environment says', async () => {
      process.env.VAULT_SKIP_VERIFY = '1';
      try {
        const trusting = vault.open('node', { certificates: undefined });
        const sealed = await store.keep(PATH, CANARY, 'secret');
        const { message } = await cleanFailure(trusting.open(PATH, sealed), [CANARY]);
        expect(message).toMatch(/CERT|SIGNED|UNABLE_TO_VERIFY/);
        await trusting.close();
      } finally {
        delete process.env.VAULT_SKIP_VERIFY;
      }
    });
  });
});
