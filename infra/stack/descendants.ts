/** The processes below a process: Postgres serves each connection by one. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
