/** The crowds of a run, each in a thread of its own, so that watching keeps up with what is sent. */
import { Worker } from 'node:worker_threads';
import type { StoreRevision } from '../history.ts';
import type { CrowdOptions, CrowdTally } from './crowd.ts';
import type { FromCrowd, ToCrowd } from './crowd-thread.ts';
import type { Report } from './judged-watcher.ts';

export interface Crowds {
  /** Of each, as of a second ago. */
  readonly tallies: readonly CrowdTally[];
  add(revisions: readonly StoreRevision[]): void;
  allowResets(allowed: boolean): void;
  /** Resolves when every watcher has accounted for everything up to `revision`. */
  reached(revision: number): Promise<void>;
  /** End the streams. */
  close(): Promise<void>;
  /** Judge what is left; resolves when all is judged. */
  end(): Promise<void>;
  /** Stop at once, with nothing judged. */
  terminate(): Promise<void>;
}

export interface CrowdsOptions extends Omit<CrowdOptions, 'name'> {
  readonly threads: number;
  readonly report: (report: Report) => void;
  /** A thread has died. */
  readonly fail: (error: unknown) => void;
}

export function startCrowds({ threads, report, fail, ...options }: CrowdsOptions): Crowds {
  const share = Math.ceil(options.watchers / threads);
  const all = Array.from({ length: threads }, (_, n) => {
    const workerData: CrowdOptions = {
      ...options,
      name: `crowd-${n + 1}`,
      watchers: Math.min(share, options.watchers - n * share),
      seed: options.seed + n,
    };
    const worker = new Worker(new URL('./crowd-thread.ts', import.meta.url), { workerData });
    worker.on('error', fail);
    return { worker, tally: undefined as CrowdTally | undefined };
  });
  for (const each of all)
    each.worker.on('message', (message: FromCrowd) => {
      if (message.kind === 'report') report(message.report);
      if (message.kind === 'tally' || message.kind === 'ended') each.tally = message.tally;
    });
  const tell = (message: ToCrowd) => {
    for (const { worker } of all) worker.postMessage(message);
  };
  /** Resolves when each thread has answered so. */
  const answered = (fits: (message: FromCrowd) => boolean): Promise<unknown> =>
    Promise.all(
      all.map(
        ({ worker }) =>
          new Promise<void>(resolve => {
            const look = (message: FromCrowd) => {
              if (!fits(message)) return;
              worker.off('message', look);
              resolve();
            };
            worker.on('message', look);
          }),
      ),
    );

  return {
    get tallies() {
      return all.flatMap(({ tally }) => tally ?? []);
    },
    add: revisions => tell({ kind: 'revisions', revisions }),
    allowResets: allowed => tell({ kind: 'resets', allowed }),
    reached: async revision => {
      const reached = answered(message => message.kind === 'reached' && message.revision === revision);
      tell({ kind: 'await', revision });
      await reached;
    },
    close: async () => {
      const closed = answered(message => message.kind === 'closed');
      tell({ kind: 'close' });
      await closed;
    },
    end: async () => {
      const ended = answered(message => message.kind === 'ended');
      tell({ kind: 'end' });
      await ended;
    },
    terminate: async () => {
      await Promise.all(all.map(({ worker }) => worker.terminate()));
    },
  };
}
