/** The processes below a process: Postgres serves each connection by one. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** Pids of all children and theirs, as of now; empty where the process is gone. */
export function descendants(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  return children(pid).flatMap(child => [child, ...descendants(child)]);
}

/** Signal each that still lives. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

const NEVER = new Int32Array(new SharedArrayBuffer(4));
const STOP_LIMIT_MS = 5_000;

/**
 * SIGSTOP, and wait until it is obeyed: that is when one of a process's threads runs next, and on a busy machine the
 * others go on until then. Elsewhere than on Linux it is not waited for.
 */
export function stopAll(pids: readonly number[]): void {
  signalAll(pids, 'SIGSTOP');
  const endsAt = performance.now() + STOP_LIMIT_MS;
  while (pids.some(isActive) && performance.now() < endsAt) Atomics.wait(NEVER, 0, 0, 1);
}

/** Whether a thread of it is neither stopped nor dead. */
function isActive(pid: number): boolean {
  const folder = `/proc/${pid}/task`;
  const stateOf = (thread: string) => listed(`${folder}/${thread}/stat`).split(') ').at(-1)?.[0];
  try {
    return readdirSync(folder).some(thread => !['T', 't', 'Z', 'X', undefined].includes(stateOf(thread)));
  } catch {
    return false;
  }
}

function children(pid: number): number[] {
  const text =
    process.platform === 'linux'
      ? listed(`/proc/${pid}/task/${pid}/children`)
      : spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout;
  return text
    .split(/\s+/)
    .filter(part => part !== '')
    .map(Number);
}

function listed(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
