/**
 * Named places where a process can be made to die, so that a test can crash it between any two steps.
 * Without FAULT_POINT in the environment they cost one comparison.
 */
import process from 'node:process';

export type FaultPoint = (name: string) => void;

/** A function that kills this process with SIGKILL at the point named `armed`; nothing where undefined. */
export const createFaultPoint =
  (armed: string | undefined): FaultPoint =>
  name => {
    if (armed === name) process.kill(process.pid, 'SIGKILL');
  };
