/** Ends a process in order: last opened, first closed, within a limit. */
import process from 'node:process';
import type { Log } from './log.ts';

export interface Shutdown {
  /** Run `close` on SIGTERM or SIGINT, before everything registered earlier. */
  onShutdown(name: string, close: () => Promise<void> | void): void;
}

/** Listen for SIGTERM and SIGINT. Exits 0 when all is closed, 1 where that took longer than `limitMs`. */
export function createShutdown(log: Log, limitMs = 10_000): Shutdown {
  const closers: { name: string; close: () => Promise<void> | void }[] = [];
  let ending = false;
  const end = async (signal: string) => {
    if (ending) return;
    ending = true;
    log.info({ signal }, 'shutting down');
    setTimeout(() => process.exit(1), limitMs).unref();
    for (const { name, close } of closers.reverse()) {
      try {
        await close();
      } catch (error) {
        log.warn({ part: name, err: error }, 'a part did not close cleanly');
      }
    }
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  return { onShutdown: (name, close) => closers.push({ name, close }) };
}
