/** A process of its own that writes for a while when it is told to: through the authority, or to the bare stores. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Endpoints } from '@quantivista/contracts';

export interface WriteLoadOptions {
  readonly kind: 'authority' | 'bare';
  readonly endpoints: Endpoints;
  /** Each sends its next write when its last was answered. */
  readonly writers: number;
}

export interface WriteRun {
  /** What it took, in milliseconds. */
  readonly ms: number;
  /** Of each acknowledged write, in milliseconds. */
  readonly times: readonly number[];
}

export interface WriteProcess {
  run(ms: number): Promise<WriteRun>;
  end(): Promise<void>;
}

export function startProcess(options: WriteLoadOptions): WriteProcess {
  const child = fork(new URL('./write-process.ts', import.meta.url), [JSON.stringify(options)], {
    serialization: 'advanced',
  });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the writing process ended with ${code}`);
  });
  failed.catch(() => {});
  return {
    run: async ms => {
      child.send({ ms });
      const [run] = (await Promise.race([once(child, 'message'), failed])) as [WriteRun];
      return run;
    },
    end: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
