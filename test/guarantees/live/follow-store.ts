/** The store's own account of itself, gone on with wherever it broke off. */
import { setTimeout as pause } from 'node:timers/promises';
import type { StoreRevision } from '../history.ts';
import { tellStore } from '../oracle.ts';

export interface StoreFollower {
  /** The newest revision that was told. */
  readonly reached: number;
  stop(): void;
}

const REST_MS = 50;

/**
 * From the store's first revision on.
 * @param fail told where the account can't go on: etcd does not hold what follows any more
 */
export function followStore(
  url: string,
  onRevisions: (revisions: readonly StoreRevision[]) => void,
  fail: (error: unknown) => void,
): StoreFollower {
  let reached = 0;
  let stopped = false;

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        for await (const revisions of tellStore(url, reached + 1)) {
          if (stopped) return;
          reached = revisions.at(-1)!.revision;
          onRevisions(revisions);
        }
      } catch (error) {
        if (/compact/.test(String(error))) return fail(error);
      }
      await pause(REST_MS);
    }
  }
  void run();
  return {
    get reached() {
      return reached;
    },
    stop: () => {
      stopped = true;
    },
  };
}
