/** Where the programs of the stack are: on PATH, or where Debian puts them. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import process from 'node:process';

export const ROOT = resolve(import.meta.dirname, '../..');

/** The path of a program, `undefined` where it is not installed. */
export function findProgram(name: string, more: readonly string[] = []): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...more];
  return folders.map(folder => join(folder, name)).find(path => existsSync(path));
}

/** Debian keeps the server's programs out of PATH: newest version first. */
function postgresFolders(): string[] {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return [];
  const versions = readdirSync(base).sort((a, b) => Number(b) - Number(a));
  return versions.map(version => join(base, version, 'bin'));
}

/** Where infra/vault/build.sh puts what it builds. */
function builtVault(): string {
  const version = /github\.com\/hashicorp\/vault v([0-9.]+)/.exec(
    readFileSync(join(ROOT, 'infra/vault/go.mod'), 'utf8'),
  )?.[1];
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'quantivista-config', `vault-${version}`);
}

export const programs = {
  etcd: () => findProgram('etcd'),
  redis: () => findProgram('redis-server'),
  postgres: () => findProgram('postgres', postgresFolders()),
  initdb: () => findProgram('initdb', postgresFolders()),
  /** Makes certificates. */
  openssl: () => findProgram('openssl'),
  /** For tests alone. */
  chromium: () => findProgram('chromium'),
  prometheus: () => findProgram('prometheus'),
  promtool: () => findProgram('promtool'),
  /** OpenBao's speaks the same. It is no part of what ./start installs: where it is missing, a keyring does. */
  vault: () => findProgram('vault') ?? findProgram('bao') ?? findProgram('vault', [builtVault()]),
};

const HINTS: Partial<Record<keyof typeof programs, string>> = { vault: 'infra/vault/build.sh builds it' };

/** @throws Error where it is missing */
export function requireProgram(name: keyof typeof programs): string {
  const path = programs[name]();
  if (!path)
    throw new Error(
      `${name} is not installed: ${HINTS[name] ?? './start and ./test/run install it on Debian'}`,
    );
  return path;
}

/** The pinned runtimes themselves, not the shims: the process that is started must be the one that is killed. */
export const runtimes = {
  node: () => realpathSync(join(ROOT, 'node_modules/node/bin/node')),
  bun: () => realpathSync(join(ROOT, 'node_modules/bun/bin/bun.exe')),
};
export type Runtime = keyof typeof runtimes;
