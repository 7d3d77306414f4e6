/** Ends a process in order: last opened, first closed, within a limit. */
import process from 'node:process';
import { pause } from './backoff.ts';
import type { Log } from './log.ts';

export interface Shutdown {
  /**
   * Run `close` on SIGTERM or SIGINT, before everything registered earlier.
   * @param limitMs it is waited for no longer: for what may be left as it is, and may wait for a store that is frozen
   */
  onShutdown(name: string, close: () => Promise<void> | void, limitMs?: number): void;
}

/**
 * For parts that wait for stores. What is under way by then stays as a crash would leave it, which all of it bears: a
 * frozen store must not hold up the end.
 */
export const STORES_LIMIT_MS = 3_000;

interface Part {
  readonly name: string;
  readonly close: () => Promise<void> | void;
  readonly limitMs: number | undefined;
}

/** Listen for SIGTERM and SIGINT. Exits 0 when all is closed or its own limit is over, 1 where all took longer than `limitMs`. */
export function createShutdown(log: Log, limitMs = 10_000): Shutdown {
  const parts: Part[] = [];
  let ending = false;
  const end = async (signal: string) => {
    if (ending) return;
    ending = true;
    log.info({ signal }, 'shutting down');
    setTimeout(() => process.exit(1), limitMs).unref();
    for (const part of parts.reverse()) {
      try {
        if (!(await closed(part))) log.warn({ part: part.name }, 'a part did not close in time');
      } catch (error) {
        log.warn({ part: part.name, err: error }, 'a part did not close cleanly');
      }
    }
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  return { onShutdown: (name, close, limitMs) => parts.push({ name, close, limitMs }) };
}

/** False where the limit was over before. */
async function closed({ close, limitMs }: Part): Promise<boolean> {
  const closing = Promise.resolve(close()).then(() => true);
  return limitMs === undefined ? closing : Promise.race([closing, pause(limitMs).then(() => false)]);
}
