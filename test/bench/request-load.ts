/** A process that asks a server as fast as it answers. */
import { fork, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { answerOf } from './child-answer.ts';

export interface RequestLoad {
  readonly port: number;
  readonly connections: number;
  /** By kind: whole requests, asked in turn. */
  readonly requests: Readonly<Record<string, readonly string[]>>;
}
export interface RequestRun {
  readonly answered: number;
  /** Answered otherwise than 200. */
  readonly failed: number;
  readonly ms: number;
}

export interface RequestProcess {
  run(kind: string, ms: number): Promise<RequestRun>;
  stop(): void;
}

/** @param core that it runs on alone, where the system lets it */
export function startRequests(load: RequestLoad, core: number): RequestProcess {
  const script = fileURLToPath(new URL('./request-process.ts', import.meta.url));
  const child = fork(script);
  // By message: it is too much for an argument.
  child.send(load);
  pin(child.pid!, core);
  return {
    run: (kind, ms) => {
      child.send({ kind, ms });
      return answerOf<RequestRun>(child, 'the asking process');
    },
    stop: () => void child.disconnect(),
  };
}

/** Keep a process, all its threads, on one core. */
export function pin(pid: number, core: number): void {
  spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)]);
}
