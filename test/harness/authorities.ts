/** Two authorities on one etcd and one Postgres, and persons with tokens of their own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CreatedToken, Permission, ProposalView } from '@quantivista/contracts';
import { createAuthority } from '../../infra/stack/apps.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdServer, createPostgresServer } from '../../infra/stack/stores.ts';
import { type Api, createApi } from './api.ts';
import { createFaultFile, type FaultFile } from './fault-file.ts';

export interface Person {
  readonly api: Api;
  readonly token: CreatedToken;
  /** Of a proposal; the digest is asked for first. */
  approve(id: string): ReturnType<Api['request']>;
  post(path: string, body?: unknown): ReturnType<typeof post>;
}

const post = (api: Api, path: string, body: unknown = {}) =>
  api.request<ProposalView>('POST', `/api/v1/proposals${path}`, { body });

export interface Authorities {
  readonly etcd: Component;
  readonly postgres: Component;
  readonly first: Component;
  readonly second: Component;
  /** Of the first. */
  readonly fault: FaultFile;
  /** The admin token. */
  readonly token: string;
  /** With the admin token. */
  readonly admin: Api;
  /** With a token made for them; its calls go to `authority`. @default the first */
  person(name: string, permissions: readonly Permission[], authority?: Component): Promise<Person>;
  /** The same person at another authority. */
  at(authority: Component, token: string): Person['post'];
  stop(): Promise<void>;
}

export async function startAuthorities(env: Readonly<Record<string, string>> = {}): Promise<Authorities> {
  const dir = mkdtempSync(join(tmpdir(), 'qv-authorities-'));
  const ports = createPorts();
  const etcd = createEtcdServer({
    name: 'etcd',
    dir,
    port: await ports.next(),
    peerPort: await ports.next(),
  });
  const postgres = createPostgresServer({ name: 'postgres', dir, port: await ports.next() });
  await Promise.all([etcd.start(), postgres.start()]);
  const tokenFile = join(dir, 'token');
  const fault = createFaultFile(join(dir, 'fault-point'));
  const create = async (name: string, more = {}) =>
    createAuthority({
      name,
      dir,
      port: await ports.next(),
      runtime: 'node',
      env: {
        ETCD_URLS: etcd.url,
        POSTGRES_URL: postgres.url,
        ADMIN_TOKEN_FILE: tokenFile,
        KEYRING_FILE: join(dir, 'keyring.json'),
        LOG_LEVEL: 'warn',
        // Longer than a write takes on a busy machine: recovery must not give up one that lives.
        RECOVER_AFTER_MS: '1000',
        RECOVER_INTERVAL_MS: '50',
        ...env,
        ...more,
      },
    });
  const [first, second] = [await create('authority-1', fault.env), await create('authority-2')];
  await first.start();
  await second.start();
  const token = readFileSync(tokenFile, 'utf8').trim();
  const admin = createApi({ url: first.url, token });
  return {
    etcd,
    postgres,
    first,
    second,
    fault,
    token,
    admin,
    at: ({ url }, token) => {
      const api = createApi({ url, token });
      return (path, body) => post(api, path, body);
    },
    person: async (name, permissions, authority = first) => {
      const body = { name, permissions };
      const { body: token } = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
      const api = createApi({ url: authority.url, token: token.token });
      return {
        api,
        token,
        post: (path, sent) => post(api, path, sent),
        approve: async id => {
          const { body: seen } = await api.request<ProposalView>('GET', `/api/v1/proposals/${id}`);
          return post(api, `/${id}/approve`, { digest: seen.digest });
        },
      };
    },
    stop: async () => {
      await Promise.all([first.stop(), second.stop()]);
      await Promise.all([etcd.stop(), postgres.stop()]);
      postgres.wipe();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
