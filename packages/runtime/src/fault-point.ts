/**
 * Named places where a process can be made to die, so that a test can crash it between any two steps.
 * Without FAULT_POINT in the environment they cost one comparison.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';

export type FaultPoint = (name: string) => void;

/**
 * A function that kills this process with SIGKILL at the point named `armed`; nothing where undefined. `@` and a
 * path: at the one that the file names at that moment, while there is such a file.
 */
export function createFaultPoint(armed: string | undefined): FaultPoint {
  const now = armed?.startsWith('@') ? () => readIfThere(armed.slice(1)) : () => armed;
  return name => {
    if (armed !== undefined && now() === name) process.kill(process.pid, 'SIGKILL');
  };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
