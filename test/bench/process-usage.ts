/** What a process uses, as Linux counts it. */
import { readFileSync } from 'node:fs';
import { descendants } from '../../infra/stack/descendants.ts';

/** User and system time of a process, and of those below it that have ended, in milliseconds; counted in hundredths of a second. */
function times(pid: number): { ownMs: number; endedMs: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15) as [number, number, number, number];
  return { ownMs: (user + system) * 10, endedMs: (endedUser + endedSystem) * 10 };
}

/** CPU time, in milliseconds. */
export const cpuMs = (pid: number): number => times(pid).ownMs;

/** That of a process and all below it: Postgres serves each connection by one. */
export function familyCpuMs(pid: number): number {
  const { ownMs, endedMs } = times(pid);
  return descendants(pid).reduce((sum, each) => sum + cpuMs(each), ownMs + endedMs);
}

/** Resident memory, in MiB. @throws Error where the process has ended: a zombie has none */
export function rssMiB(pid: number): number {
  const held = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!held) throw new Error(`process ${pid} has ended`);
  return Number(held[1]) / 1_024;
}
