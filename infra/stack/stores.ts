/** etcd and Redis: private instances on ports of their own. */
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import type { CertificateFiles } from './certificates.ts';
import { type Component, createComponent } from './component.ts';
import type { Ports } from './ports.ts';
import { requireProgram } from './programs.ts';
import { etcdTlsArgs, openTls, pemOf, redisTlsArgs } from './store-tls.ts';

export interface StoreOptions {
  readonly name: string;
  /** Data and log stand below it. */
  readonly dir: string;
  readonly port: number;
  /** Where it listens. @default 127.0.0.1 */
  readonly host?: string | undefined;
  readonly netns?: string | undefined;
  /** Its certificate, which it shows to whoever it connects to besides. @default it speaks no TLS */
  readonly tls?: CertificateFiles | undefined;
}

export const LOOPBACK = '127.0.0.1';

/** Send `asked` and answer whether the reply begins with `expected`. */
export const answers = (socket: Socket, asked: string | Buffer, expected: string): Promise<boolean> =>
  new Promise(resolve => {
    socket.write(asked);
    const done = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('data', data => done(data.toString('latin1').startsWith(expected)));
  });

export interface EtcdServerOptions extends StoreOptions {
  readonly peerPort: number;
  /** `name=peer URL` of every member, comma separated. @default this member alone */
  readonly cluster?: string;
  /** Addresses at which its clients reach it besides loopback. */
  readonly more?: readonly string[] | undefined;
  /** How long a login holds, where it has users. @default etcd's own */
  readonly tokenTtlS?: number | undefined;
  /** Beyond it nothing more is put. @default etcd's own, 2 GB */
  readonly quotaBytes?: number | undefined;
}

const schemeOf = (tls: CertificateFiles | undefined) => (tls ? 'https' : 'http');

/** One etcd member that syncs every write. */
export function createEtcdServer(options: EtcdServerOptions): Component {
  const { name, dir, port, peerPort, cluster, more = [], tls, tokenTtlS, quotaBytes } = options;
  const scheme = schemeOf(tls);
  const url = `${scheme}://${LOOPBACK}:${port}`;
  const urls = [url, ...more.map(host => `${scheme}://${host}:${port}`)].join(',');
  const peer = `${scheme}://${LOOPBACK}:${peerPort}`;
  const dataDir = join(dir, name);
  const args = ['--name', name, '--data-dir', dataDir];
  args.push('--listen-client-urls', urls, '--advertise-client-urls', urls);
  args.push('--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer);
  args.push('--initial-cluster', cluster ?? `${name}=${peer}`, '--logger', 'zap');
  args.push('--auto-compaction-mode', 'revision', '--auto-compaction-retention', '100000');
  if (tls) args.push(...etcdTlsArgs(tls));
  // Its users' passwords are long and of chance: hashing them slowly would only make each login dear.
  args.push('--bcrypt-cost', '4');
  if (tokenTtlS !== undefined) args.push('--auth-token-ttl', String(tokenTtlS));
  if (quotaBytes !== undefined) args.push('--quota-backend-bytes', String(quotaBytes));
  return createComponent({
    name,
    url,
    port,
    command: requireProgram('etcd'),
    args,
    dataDir,
    logFile: join(dir, `${name}.log`),
    ready: async () => {
      const dispatcher = new Agent({ allowH2: false, ...(tls && { connect: pemOf(tls) }) });
      try {
        const { body } = await request(`${url}/health`, { dispatcher, signal: AbortSignal.timeout(1_000) });
        return ((await body.json()) as { health: string }).health === 'true';
      } finally {
        await dispatcher.destroy();
      }
    },
  });
}

/** Members of one etcd. */
export async function createEtcdCluster(
  names: readonly string[],
  ports: Ports,
  options: { readonly dir: string } & Pick<EtcdServerOptions, 'more' | 'tls' | 'tokenTtlS' | 'quotaBytes'>,
): Promise<Component[]> {
  const members: { name: string; port: number; peerPort: number }[] = [];
  for (const name of names) members.push({ name, port: await ports.next(), peerPort: await ports.next() });
  const cluster = members
    .map(({ name, peerPort }) => `${name}=${schemeOf(options.tls)}://${LOOPBACK}:${peerPort}`)
    .join(',');
  return members.map(member => createEtcdServer({ ...member, ...options, cluster }));
}

export interface RedisServerOptions extends StoreOptions {
  /** Port of the Redis on loopback that it is to be a replica of. */
  readonly replicaOf?: number;
  /** The file of its users. @default it lets everybody in */
  readonly aclFile?: string | undefined;
}

/** A region's Redis: nothing of it is kept. */
export function createRedisServer(options: RedisServerOptions): Component {
  const { name, dir, port, host = LOOPBACK, netns, replicaOf, tls, aclFile } = options;
  const dataDir = join(dir, name);
  const args = tls ? redisTlsArgs(tls, port) : ['--port', String(port)];
  args.push('--bind', host, '--save', '', '--appendonly', 'no', '--dir', dataDir);
  args.push('--repl-diskless-sync-delay', '0');
  if (aclFile !== undefined) args.push('--aclfile', aclFile);
  // It has no password: elsewhere than on loopback it must be told that this is meant.
  if (host !== LOOPBACK) args.push('--protected-mode', 'no');
  if (replicaOf !== undefined) args.push('--replicaof', `${LOOPBACK} ${replicaOf}`);
  return createComponent({
    name,
    url: `${tls ? 'rediss' : 'redis'}://${host}:${port}`,
    port,
    netns,
    command: requireProgram('redis'),
    args,
    dataDir,
    logFile: join(dir, `${name}.log`),
    prepare: async () => void mkdirSync(dataDir, { recursive: true }),
    ready: () => {
      const expected = aclFile === undefined ? '+PONG' : '-NOAUTH';
      return answers(tls ? openTls(port, host, tls) : connect(port, host), 'PING\r\n', expected);
    },
  });
}
