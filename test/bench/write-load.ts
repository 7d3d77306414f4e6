/** A process of its own that writes for a while when it is told to: through a server, or to the bare stores. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Endpoints } from '@quantivista/contracts';
import { answerOf } from './child-answer.ts';

export interface WriteLoadOptions {
  /** `steps`: to the server of write-steps.ts, in the place of the authority. */
  readonly kind: 'authority' | 'bare' | 'steps';
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

/** The server of write-steps.ts. */
export async function startSteps({
  etcd,
  postgres,
}: Endpoints): Promise<{ url: string; pid: number; stop(): void }> {
  const child = fork(new URL('./write-steps.ts', import.meta.url), [JSON.stringify({ etcd, postgres })]);
  const port = await answerOf<number>(child, 'the server of bare steps');
  return { url: `http://127.0.0.1:${port}`, pid: child.pid!, stop: () => child.disconnect() };
}

export function startProcess({ kind, endpoints, writers }: WriteLoadOptions): WriteProcess {
  const options = JSON.stringify({ kind, endpoints, writers } satisfies WriteLoadOptions);
  const child = fork(new URL('./write-process.ts', import.meta.url), [options], {
    serialization: 'advanced',
  });
  return {
    run: ms => {
      child.send({ ms });
      return answerOf<WriteRun>(child, 'the writing process');
    },
    end: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
