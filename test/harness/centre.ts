/** The centre alone: etcd, Postgres and authorities, without a region. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../../infra/stack/apps.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createPostgresServer } from '../../infra/stack/postgres-server.ts';
import { createEtcdServer } from '../../infra/stack/stores.ts';

type Env = Readonly<Record<string, string>>;

/** What stands before the authorities do. */
export interface CentreStores {
  readonly dir: string;
  readonly ports: ReturnType<typeof createPorts>;
  readonly etcd: Component;
  readonly postgres: Component;
}

export interface Centre extends CentreStores {
  /** On Node, each begun when the one before was ready. */
  readonly authorities: readonly Component[];
  /** The admin token. */
  readonly token: string;
  stop(): Promise<void>;
}

export interface CentreOptions {
  /** @default 1 */
  readonly authorities?: number;
  /** What an authority is told besides; asked when the stores are up. @param index from 0 */
  readonly env?: (stores: CentreStores, index: number) => Env | Promise<Env>;
}

export async function startCentre({
  authorities: count = 1,
  env = () => ({}),
}: CentreOptions = {}): Promise<Centre> {
  const dir = mkdtempSync(join(tmpdir(), 'qv-centre-'));
  const ports = createPorts();
  const [port, peerPort] = [await ports.next(), await ports.next()];
  const etcd = createEtcdServer({ name: 'etcd', dir, port, peerPort });
  const postgres = createPostgresServer({ name: 'postgres', dir, port: await ports.next() });
  await Promise.all([etcd.start(), postgres.start()]);
  const stores = { dir, ports, etcd, postgres };
  const tokenFile = join(dir, 'token');
  const authorities: Component[] = [];
  for (let index = 0; index < count; index++) {
    const authority = createAuthority({
      name: `authority-${index + 1}`,
      dir,
      port: await ports.next(),
      runtime: 'node',
      env: {
        ETCD_URLS: etcd.url,
        POSTGRES_URL: postgres.url,
        ADMIN_TOKEN_FILE: tokenFile,
        KEYRING_FILE: join(dir, 'keyring.json'),
        LOG_LEVEL: 'warn',
        OPEN_ENDPOINTS: 'metrics',
        // Longer than a write takes on a busy machine: recovery must not give up one that lives.
        RECOVER_AFTER_MS: '1000',
        RECOVER_INTERVAL_MS: '50',
        ...(await env(stores, index)),
      },
    });
    await authority.start();
    authorities.push(authority);
  }
  return {
    ...stores,
    authorities,
    token: readFileSync(tokenFile, 'utf8').trim(),
    stop: async () => {
      await Promise.all(authorities.map(each => each.stop()));
      await Promise.all([etcd.stop(), postgres.stop()]);
      postgres.wipe();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
