/**
 * When tokens were last used here, roughly: a token that is used all the time is noted once an hour. Nodes tell of
 * theirs through their region.
 */
import { tokenId } from '@quantivista/access';
import { createOutage, type Log, pause } from '@quantivista/runtime';

export interface TokenUse {
  used(hash: string): void;
  /** Runs until `signal` aborts, and then writes what is left. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

export interface TokenUseOptions {
  /** By the tokens' ids, milliseconds since the epoch. */
  readonly write: (uses: ReadonlyMap<string, number>) => Promise<void>;
  readonly log: Log;
  /** @default 1 s */
  readonly intervalMs?: number;
  /** @default an hour */
  readonly coarseMs?: number;
}

const CAPACITY = 10_000;

export function createTokenUse(options: TokenUseOptions): TokenUse {
  const { write, log, intervalMs = 1_000, coarseMs = 3_600_000 } = options;
  const noted = new Map<string, number>();
  let unwritten = new Map<string, number>();
  const outage = createOutage(log, 'the use of tokens could not be noted');

  async function flush(): Promise<void> {
    if (unwritten.size === 0) return;
    const uses = unwritten;
    unwritten = new Map();
    await write(uses).then(outage.over, error => {
      outage.failed(error);
      // They are noted again at their next use.
      for (const id of uses.keys()) noted.delete(id);
    });
  }

  return {
    used: hash => {
      const id = tokenId(hash);
      const now = Date.now();
      if (now - (noted.get(id) ?? Number.NEGATIVE_INFINITY) < coarseMs) return;
      if (noted.size >= CAPACITY) noted.clear();
      noted.set(id, now);
      unwritten.set(id, now);
    },
    run: async signal => {
      while (!signal.aborted) {
        await pause(intervalMs, signal);
        await flush();
      }
    },
  };
}
