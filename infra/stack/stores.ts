/** The stores of the stack: private instances on ports of their own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Component, createComponent } from './component.ts';
import { requireProgram } from './programs.ts';

export interface StoreOptions {
  readonly name: string;
  /** Data and log stand below it. */
  readonly dir: string;
  readonly port: number;
}

/** Send `request` and answer whether the reply begins with `expected`. */
const answers = (port: number, request: string | Buffer, expected: string): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
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
}

/** One etcd member that syncs every write. */
export function createEtcdServer({ name, dir, port, peerPort, cluster }: EtcdServerOptions): Component {
  const url = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const dataDir = join(dir, name);
  const args = ['--name', name, '--data-dir', dataDir];
  args.push('--listen-client-urls', url, '--advertise-client-urls', url);
  args.push('--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer);
  args.push('--initial-cluster', cluster ?? `${name}=${peer}`, '--logger', 'zap');
  args.push('--auto-compaction-mode', 'revision', '--auto-compaction-retention', '100000');
  return createComponent({
    name,
    url,
    port,
    command: requireProgram('etcd'),
    args,
    dataDir,
    logFile: join(dir, `${name}.log`),
    ready: async () => {
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1_000) });
      return ((await response.json()) as { health: string }).health === 'true';
    },
  });
}

/** A region's Redis: nothing of it is kept. */
export function createRedisServer({ name, dir, port }: StoreOptions): Component {
  const dataDir = join(dir, name);
  return createComponent({
    name,
    url: `redis://127.0.0.1:${port}`,
    port,
    command: requireProgram('redis'),
    args: [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      dataDir,
    ],
    dataDir,
    logFile: join(dir, `${name}.log`),
    prepare: async () => void mkdirSync(dataDir, { recursive: true }),
    ready: () => answers(port, 'PING\r\n', '+PONG'),
  });
}

/** Postgres does not run as root: then it is run as Debian's user `postgres`. */
function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** The first message of a client: length, protocol 3.0, then names and values. `R` answers it once it may log in. */
function startupMessage(user: string): Buffer {
  const pairs = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + pairs.length, 0);
  head.writeInt32BE(3 << 16, 4);
  return Buffer.concat([head, pairs]);
}

/** A Postgres of its own, with the user `quantivista` and without a password: it listens on loopback alone. */
export function createPostgresServer({ name, dir, port }: StoreOptions): Component {
  const user = postgresUser();
  // Another user must reach it, and can't where the project lies below /root.
  const dataDir = user ? join(tmpdir(), `quantivista-${process.pid}-${port}`) : join(dir, name);
  return createComponent({
    name,
    url: `postgres://quantivista@127.0.0.1:${port}/postgres`,
    port,
    command: requireProgram('postgres'),
    args: [
      '-D',
      dataDir,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
    ],
    user,
    dataDir,
    logFile: join(dir, `${name}.log`),
    // At SIGTERM it would wait for its clients to leave.
    stopSignal: 'SIGINT',
    prepare: async () => {
      if (existsSync(join(dataDir, 'PG_VERSION'))) return;
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      if (user) chownSync(dataDir, user.uid, user.gid);
      const args = [
        '-D',
        dataDir,
        '-A',
        'trust',
        '-U',
        'quantivista',
        '--no-sync',
        '-E',
        'UTF8',
        '--locale',
        'C',
      ];
      const { status, stderr } = spawnSync(requireProgram('initdb'), args, { ...user, encoding: 'utf8' });
      if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
    },
    // After SIGKILL its children may hold the shared memory for a moment, and it does not start before.
    retryStart: true,
    ready: () => answers(port, startupMessage('quantivista'), 'R'),
  });
}
