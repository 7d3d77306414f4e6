/** Processes that stand for ones on other machines, so that what they use is not what is measured. */
import { spawnSync } from 'node:child_process';
import { availableParallelism, constants, setPriority } from 'node:os';
import process from 'node:process';

/**
 * Give way to every other process, and keep to the last processor, on Linux: the work of the kernel for a connection
 * is done where its packets are sent, so it stays there too. All others are left to what is measured.
 */
export function actElsewhere(pid = process.pid): void {
  setPriority(pid, constants.priority.PRIORITY_LOW);
  const last = availableParallelism() - 1;
  if (process.platform !== 'linux' || last === 0) return;
  const { status, stderr } = spawnSync('taskset', ['-a', '-pc', String(last), String(pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`taskset failed: ${stderr}`);
}
