/** Installs the components that are missing, from the system's packages. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { findProgram, programs } from './programs.ts';

const PACKAGES = {
  etcd: 'etcd-server',
  redis: 'redis-server',
  postgres: 'postgresql',
  initdb: 'postgresql',
  openssl: 'openssl',
  chromium: 'chromium',
  prometheus: 'prometheus',
  promtool: 'prometheus',
} as const;
type Program = keyof typeof PACKAGES;
const BREW: Record<Program, string> = {
  etcd: 'etcd',
  redis: 'redis',
  postgres: 'postgresql',
  initdb: 'postgresql',
  openssl: 'openssl',
  chromium: 'chromium',
  prometheus: 'prometheus',
  promtool: 'prometheus',
};
const STACK: readonly Program[] = ['etcd', 'redis', 'postgres', 'initdb', 'openssl'];
/** The tests have a browser besides, and what reads metrics and alerts. */
const TESTED: readonly Program[] = [...STACK, 'chromium', 'prometheus', 'promtool'];
/** Debian starts a service as it installs it; this project starts its own and leaves the system's alone. */
const POLICY = '/usr/sbin/policy-rc.d';

function run(command: string, args: string[]): void {
  const { status, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr}`);
}

function installWithApt(packages: string[]): void {
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

/** Install what is missing; `progress` is told what and how long it took. */
export function installComponents(progress: (line: string) => void, wanted = STACK): void {
  const missing = wanted.filter(name => !programs[name]());
  if (missing.length === 0) return;
  const startedAt = Date.now();
  if (findProgram('apt-get') && process.getuid?.() === 0) {
    const packages = [...new Set(missing.map(name => PACKAGES[name]))];
    progress(`installing ${packages.join(', ')} …`);
    installWithApt(packages);
  } else if (findProgram('brew')) {
    const packages = [...new Set(missing.map(name => BREW[name]))];
    progress(`installing ${packages.join(', ')} …`);
    run('brew', ['install', ...packages]);
  } else {
    throw new Error(
      `missing on PATH: ${missing.join(', ')} (installed by itself only on Debian as root, or with brew)`,
    );
  }
  progress(`installed in ${((Date.now() - startedAt) / 1_000).toFixed(1)} s`);
}

if (import.meta.main) installComponents(line => console.log(line), TESTED);
