/** Follow what stands below a prefix: all of it once, then each change, for as long as it takes. */
import type { Etcd, WatchEvent } from '@quantivista/etcd';
import { createBackoff, type Log, pause } from '@quantivista/runtime';

export interface PrefixFollower {
  /** Forget what is known: all that is there comes next. */
  clear(): void;
  /** All that is there, or what changed in one transaction. */
  take(events: readonly WatchEvent[]): void;
}

async function followOnce(
  etcd: Etcd,
  prefix: string,
  to: PrefixFollower,
  signal: AbortSignal,
): Promise<string> {
  const listed = await etcd.list({ prefix });
  if (listed.kind !== 'listed') return listed.kind;
  to.clear();
  to.take(listed.entries);
  const watch = etcd.watch({
    prefix,
    from: listed.revision + 1,
    onRevision: ({ events }) => to.take(events),
  });
  signal.addEventListener('abort', watch.close);
  if (signal.aborted) watch.close();
  const { reason } = await watch.ended;
  signal.removeEventListener('abort', watch.close);
  return reason;
}

/** Runs until `signal` aborts. Never throws. */
export async function followPrefix(
  { etcd, log, prefix }: { etcd: Etcd; log: Log; prefix: string },
  to: PrefixFollower,
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff({ firstMs: 20, maxMs: 1_000 });
  while (!signal.aborted) {
    const startedAt = Date.now();
    try {
      log.debug({ prefix, end: await followOnce(etcd, prefix, to, signal) }, 'following ended');
    } catch (error) {
      log.warn({ prefix, err: error }, 'it is not followed for now');
    }
    if (Date.now() - startedAt > 5_000) backoff.reset();
    await pause(backoff.next(), signal);
  }
}
