/** Follow what stands below a prefix: all of it once, then each change, for as long as it takes. */
import type { Etcd, KeyValue, WatchEvent } from '@quantivista/etcd';
import { createBackoff, createOutage, type Log, type Outage, onAbort, pause } from '@quantivista/runtime';

export interface PrefixListener {
  /** All that is there, as of a revision: what was known before counts no more. */
  listed(revision: number, entries: readonly KeyValue[]): void;
  /** What one transaction changed; none where it changed nothing of the prefix. */
  changed(revision: number, events: readonly WatchEvent[]): void;
  /** It is not followed for now, and may be of another life of the store by the time it answers again. */
  lost?(): void;
}

async function followOnce(
  etcd: Pick<Etcd, 'list' | 'watch'>,
  prefix: string,
  to: PrefixListener,
  outage: Outage,
  signal: AbortSignal,
): Promise<string> {
  const listed = await etcd.list({ prefix });
  if (listed.kind !== 'listed') return listed.kind;
  outage.over();
  to.listed(listed.revision, listed.entries);
  const watch = etcd.watch({
    prefix,
    from: listed.revision + 1,
    onRevision: ({ revision, events }) => to.changed(revision, events),
  });
  const stopListening = onAbort(signal, watch.close);
  const { reason } = await watch.ended;
  stopListening();
  return reason;
}

/** Runs until `signal` aborts. Never throws. */
export async function followPrefix(
  { etcd, log, prefix }: { etcd: Pick<Etcd, 'list' | 'watch'>; log: Log; prefix: string },
  to: PrefixListener,
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff({ firstMs: 20, maxMs: 1_000 });
  const outage = createOutage(log, 'it is not followed for now', { prefix });
  while (!signal.aborted) {
    const startedAt = Date.now();
    try {
      log.debug({ prefix, end: await followOnce(etcd, prefix, to, outage, signal) }, 'following ended');
    } catch (error) {
      outage.failed(error);
    }
    to.lost?.();
    if (Date.now() - startedAt > 5_000) backoff.reset();
    await pause(backoff.next(), signal);
  }
}
