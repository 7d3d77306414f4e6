/** Postgres: a private instance on a port of its own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Component, createComponent } from './component.ts';
import { keep } from './kept.ts';
import { ROOT, requireProgram } from './programs.ts';
import { openPostgresTls, pemOf, postgresTlsArgs, preparePostgresTls } from './store-tls.ts';
import { answers, LOOPBACK, type StoreOptions } from './stores.ts';

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

/** In the layout of production: the owner migrates, another user serves, who may only add to the trail and read it. */
const SERVING_USER = 'quantivista_authority';
const createServingUser = (password: string | undefined) => `CREATE ROLE quantivista_writer NOLOGIN;
CREATE ROLE ${SERVING_USER} LOGIN IN ROLE quantivista_writer${password ? ` PASSWORD '${password}'` : ''};
`;

/** Where the authority serves, by the URL of the owner of a {@link createPostgresServer}. */
export const servingUrl = (ownerUrl: string): string =>
  ownerUrl.replace('://quantivista@', `://${SERVING_USER}@`);

export interface PostgresServerOptions extends StoreOptions {
  /** Files of its users' passwords. @default it asks for none: it listens on loopback alone */
  readonly passwords?: { readonly ownerFile: string; readonly servingFile: string } | undefined;
}

type User = ReturnType<typeof postgresUser>;

const INITDB = ['-U', 'quantivista', '--no-sync', '-E', 'UTF8', '--locale', 'C', '--wal-segsize', '1'];

/** Its files are copied for each: nobody makes another database in it, and templates for those are most of them. */
const DROP_TEMPLATES = `UPDATE pg_database SET datistemplate = false;
DROP DATABASE template0;
DROP DATABASE template1;
`;

/** Make the files of a new one. */
function initialize(dataDir: string, user: User, passwords: PostgresServerOptions['passwords']): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (user) chownSync(dataDir, user.uid, user.gid);
  const args = ['-D', dataDir, '-A', passwords ? 'scram-sha-256' : 'trust', ...INITDB];
  // A copy: the user that runs it may not read what is not its own.
  const ownerFile = `${dataDir}.password`;
  if (passwords) {
    writeFileSync(ownerFile, readFileSync(passwords.ownerFile), { mode: 0o600 });
    if (user) chownSync(ownerFile, user.uid, user.gid);
    args.push('--pwfile', ownerFile);
  }
  const { status, stderr } = spawnSync(requireProgram('initdb'), args, { ...user, encoding: 'utf8' });
  rmSync(ownerFile, { force: true });
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
  const single = ['--single', '-D', dataDir, 'postgres'];
  execFileSync(requireProgram('postgres'), single, {
    ...user,
    input:
      DROP_TEMPLATES + createServingUser(passwords && readFileSync(passwords.servingFile, 'utf8').trim()),
    stdio: 'pipe',
  });
}

function copy(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  execFileSync('cp', ['-a', `${from}/.`, to]);
}

/** The same for one without passwords, from files that are kept: a copy takes a quarter of the time. */
function initializeFromKept(dataDir: string, user: User): void {
  const version = execFileSync(requireProgram('postgres'), ['--version'], { encoding: 'utf8' });
  const made = [version, user?.uid, INITDB, DROP_TEMPLATES, createServingUser(undefined)];
  const name = createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 16);
  const kept = join(ROOT, 'node_modules/.cache/postgres', name);
  if (existsSync(kept)) return void copy(kept, dataDir);
  initialize(dataDir, user, undefined);
  keep(kept, own => copy(dataDir, own));
}

/** A Postgres of its own, with the user `quantivista`, who owns it. */
export function createPostgresServer({ name, dir, port, tls, passwords }: PostgresServerOptions): Component {
  const user = postgresUser();
  // Another user must reach it, and can't where the project lies below /root.
  const dataDir = user ? join(tmpdir(), `quantivista-${process.pid}-${port}`) : join(dir, name);
  return createComponent({
    name,
    url: `postgres://quantivista@${LOOPBACK}:${port}/postgres${tls ? '?sslmode=verify-full' : ''}`,
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
      ...(tls ? postgresTlsArgs() : []),
    ],
    user,
    dataDir,
    logFile: join(dir, `${name}.log`),
    // At SIGTERM it would wait for its clients to leave.
    stopSignal: 'SIGINT',
    prepare: async () => {
      if (!existsSync(join(dataDir, 'PG_VERSION'))) {
        if (passwords) initialize(dataDir, user, passwords);
        else initializeFromKept(dataDir, user);
      }
      // At each start: they may have been renewed.
      if (tls) preparePostgresTls(tls, dataDir, user);
    },
    // After SIGKILL its children may hold the shared memory for a moment, and it does not start before.
    retryStart: true,
    ready: async () => {
      const socket = tls ? await openPostgresTls(port, LOOPBACK, pemOf(tls)) : connect(port, LOOPBACK);
      return answers(socket, startupMessage('quantivista'), 'R');
    },
  });
}
