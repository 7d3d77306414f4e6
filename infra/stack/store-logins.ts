/** The users of store-users.ts in the stack's own stores: passwords in files, and who logs in as whom. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prefixEnd } from '@quantivista/etcd';
import { Agent, request } from 'undici';
import type { CertificateFiles } from './certificates.ts';
import { pemOf } from './store-tls.ts';
import {
  AUTHORITY_GRANTS,
  AUTHORITY_USER,
  type EtcdGrant,
  feederGrants,
  feederUser,
  nodeAcl,
  nodeUser,
} from './store-users.ts';

type Settings = Readonly<Record<string, string>>;

export interface StoreLogins {
  /** Settings of the authority. */
  readonly authority: Settings;
  /** Settings of nodes that are fed by etcd. */
  feeder(region: string): Settings;
  /** Settings of a region's nodes, given where their Redis is. */
  node(region: string, redisUrl: string): Settings;
  /** Files of the passwords of Postgres's users; `undefined` where it asks for none. */
  readonly postgres: { readonly ownerFile: string; readonly servingFile: string } | undefined;
  /** The file of the users of a Redis that serves these regions; `undefined` where it lets in everybody. */
  redisAcl(name: string, regions: readonly string[]): string | undefined;
  /** Once, of an etcd that has no users yet; `tls`: of whom it lets in. */
  setUpEtcd(url: string, tls?: CertificateFiles): Promise<void>;
}

/** Stores that let in everybody. */
export const noLogins: StoreLogins = {
  authority: {},
  feeder: () => ({}),
  node: (_, redisUrl) => ({ REDIS_URL: redisUrl }),
  postgres: undefined,
  redisAcl: () => undefined,
  setUpEtcd: async () => {},
};

export interface StoreLoginsOptions {
  /** The passwords stand below it, in files for their owner alone. */
  readonly dir: string;
  readonly regions: readonly { readonly name: string; readonly fedBy?: string }[];
  /** Whether it is the stack's own. What is elsewhere has its users already. */
  readonly isOurs: (store: 'etcd' | 'postgres' | { readonly redisOf: string }) => boolean;
}

const OPERATOR = 'operator';

export function createStoreLogins({ dir, regions, isOurs }: StoreLoginsOptions): StoreLogins {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const made = new Set<string>();
  const passwordFile = (user: string): string => {
    const file = join(dir, user);
    if (!made.has(user)) writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    made.add(user);
    return file;
  };
  const passwordOf = (user: string) => readFileSync(passwordFile(user), 'utf8').trim();
  const etcdLogin = (user: string): Settings =>
    isOurs('etcd') ? { ETCD_USERNAME: user, ETCD_PASSWORD_FILE: passwordFile(user) } : {};
  const postgres = isOurs('postgres')
    ? { ownerFile: passwordFile('postgres-owner'), servingFile: passwordFile('postgres-serving') }
    : undefined;
  /** Whose reports go through a region's feeders: its own, and those of all that are fed from it. */
  const reported = (region: string): string[] => [
    region,
    ...regions.filter(({ fedBy }) => fedBy === region).flatMap(({ name }) => reported(name)),
  ];

  async function makeUsers(call: Gateway['call']): Promise<void> {
    const add = async (user: string, grants: readonly EtcdGrant[]) => {
      await call('role/add', { name: user });
      for (const grant of grants) await call('role/grant', { name: user, perm: permission(grant) });
      await call('user/add', { name: user, password: passwordOf(user) });
      await call('user/grant', { user, role: user });
    };
    await add(AUTHORITY_USER, AUTHORITY_GRANTS);
    const fedByEtcd = regions.filter(({ fedBy }) => fedBy === undefined);
    for (const { name } of fedByEtcd) await add(feederUser(name), feederGrants(reported(name)));
    await call('user/add', { name: 'root', password: passwordOf(OPERATOR) });
    await call('role/add', { name: 'root' });
    await call('user/grant', { user: 'root', role: 'root' });
    // From here on nobody else is let in.
    await call('enable', {});
  }

  return {
    authority: {
      ...etcdLogin(AUTHORITY_USER),
      ...(postgres && {
        POSTGRES_PASSWORD_FILE: postgres.servingFile,
        POSTGRES_MIGRATE_PASSWORD_FILE: postgres.ownerFile,
      }),
    },
    feeder: region => etcdLogin(feederUser(region)),
    node: (region, redisUrl) => {
      if (!isOurs({ redisOf: region })) return { REDIS_URL: redisUrl };
      const url = new URL(redisUrl);
      url.username = nodeUser(region);
      return { REDIS_URL: url.href, REDIS_PASSWORD_FILE: passwordFile(nodeUser(region)) };
    },
    postgres,
    redisAcl: (name, served) => {
      const file = join(dir, `${name}.acl`);
      const users = served.map(region => {
        const user = nodeUser(region);
        return `user ${user} on >${passwordOf(user)} ${nodeAcl(region)}`;
      });
      const operator = `user ${OPERATOR} on >${passwordOf(OPERATOR)} ~* &* +@all`;
      writeFileSync(file, `${['user default off', operator, ...users].join('\n')}\n`, { mode: 0o600 });
      return file;
    },
    setUpEtcd: async (url, tls) => {
      if (!isOurs('etcd')) return;
      const gateway = openGateway(url, tls);
      try {
        await makeUsers(gateway.call);
      } finally {
        await gateway.close();
      }
    },
  };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** As etcd's JSON gateway has it. */
const permission = ({ may, key, prefix }: EtcdGrant) => ({
  permType: may.toUpperCase(),
  key: base64(key),
  ...(prefix && { range_end: base64(prefixEnd(key)) }),
});

interface Gateway {
  /** A call of etcd's authentication service. @throws Error where it is refused, without what was sent */
  call(path: string, body: object): Promise<void>;
  close(): Promise<void>;
}

function openGateway(url: string, tls: CertificateFiles | undefined): Gateway {
  const dispatcher = new Agent({ allowH2: false, ...(tls && { connect: pemOf(tls) }) });
  return {
    call: async (path, sent) => {
      const { statusCode, body } = await request(`${url}/v3/auth/${path}`, {
        dispatcher,
        method: 'POST',
        body: JSON.stringify(sent),
        signal: AbortSignal.timeout(10_000),
      });
      const told = await body.text();
      if (statusCode !== 200) throw new Error(`etcd answers ${statusCode} to ${path}: ${told}`);
    },
    close: () => dispatcher.destroy(),
  };
}
