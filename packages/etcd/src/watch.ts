/**
 * A watch that loses nothing: etcd's raw stream, one client of its own, one attempt. It ends with a reason;
 * whoever follows decides where to go on from (`next`), lists again or gives up.
 *
 * etcd3's own Watcher is not used. It resumes from a response's header revision, which while catching up is
 * the store's newest and not the last event's, and so skips everything between.
 */
import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import type { IWatchResponse } from 'etcd3';
import type { Connect } from './connect.ts';
import { prefixEnd } from './prefix.ts';

export interface WatchEvent {
  readonly key: string;
  /** `undefined` where the key was deleted. */
  readonly value: string | undefined;
}

/** All events of one revision: one transaction, whole. */
export interface RevisionEvents {
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

export type WatchEnd =
  /** The start is no longer held: list again. */
  | { readonly reason: 'compacted' }
  /** The store is behind the start: it was wiped or restored. */
  | { readonly reason: 'rewound' }
  | { readonly reason: 'lost'; readonly cause: unknown }
  | { readonly reason: 'closed' };

export interface WatchOptions {
  readonly prefix: string;
  /** First revision wanted. */
  readonly from: number;
  /** Called in order, once a revision; must not throw. */
  readonly onRevision: (events: RevisionEvents) => void;
  /** Interval of the liveness probe. @default 500 */
  readonly probeMs?: number;
  /** The link counts as dead after so long without any answer. @default 3000 */
  readonly silenceMs?: number;
}

export interface Watch {
  readonly ended: Promise<WatchEnd>;
  close(): void;
}

/** Without it a member that lost its quorum keeps the stream open and goes on answering probes. */
const requireLeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata, listener, next) {
      metadata.set('hasleader', 'true');
      next(metadata, listener);
    },
  });

/** Events in groups of equal mod revision, in order. */
export function groupByRevision(responses: readonly IWatchResponse[]): RevisionEvents[] {
  const groups: { revision: number; events: WatchEvent[] }[] = [];
  for (const response of responses) {
    for (const { type, kv } of response.events) {
      const revision = Number(kv.mod_revision);
      const event = { key: kv.key.toString(), value: type === 'Delete' ? undefined : kv.value.toString() };
      const last = groups.at(-1);
      if (last?.revision === revision) last.events.push(event);
      else groups.push({ revision, events: [event] });
    }
  }
  return groups;
}

export function watch(connect: Connect, options: WatchOptions): Watch {
  const { probeMs = 500, silenceMs = 3_000 } = options;
  // A client of its own: cancelling the stream resets its host's channels, which heals a half-open link.
  const client = connect();
  const { promise: ended, resolve } = Promise.withResolvers<WatchEnd>();
  let open = true;
  let cancel = () => {};
  // Not before the stream is open: a login, where there is one, has a deadline of its own, and one that is cut short
  // for being slow would come again at once, with those of all others.
  let lastHeardAt = Number.POSITIVE_INFINITY;
  const end = (reason: WatchEnd) => {
    if (!open) return;
    open = false;
    clearInterval(probe);
    cancel();
    client.close();
    resolve(reason);
  };

  let sendProbe = () => {};
  const probe = setInterval(() => {
    const silentMs = Date.now() - lastHeardAt;
    if (silentMs > silenceMs) end({ reason: 'lost', cause: new Error(`no answer for ${silentMs} ms`) });
    else sendProbe();
  }, probeMs);

  let fragments: IWatchResponse[] = [];
  const receive = (response: IWatchResponse) => {
    lastHeardAt = Date.now();
    if (!open) return;
    if (response.canceled) {
      const compacted = Number(response.compact_revision) > 0;
      const cause = new Error(response.cancel_reason || 'the watch was cancelled');
      return end(compacted ? { reason: 'compacted' } : { reason: 'lost', cause });
    }
    if (response.created && Number(response.header.revision) < options.from - 1)
      return end({ reason: 'rewound' });
    fragments.push(response);
    if (response.fragment) return;
    const whole = groupByRevision(fragments);
    fragments = [];
    for (const group of whole) {
      if (open && group.revision >= options.from) options.onRevision(group);
    }
  };

  client.watchClient.watch({ interceptors: [requireLeader] }).then(
    stream => {
      cancel = () => stream.cancel();
      if (!open) return stream.cancel();
      lastHeardAt = Date.now();
      stream.on('data', receive);
      stream.on('error', cause => end({ reason: 'lost', cause }));
      stream.on('end', () => end({ reason: 'lost', cause: new Error('the stream ended') }));
      stream.write({
        create_request: {
          key: Buffer.from(options.prefix),
          range_end: Buffer.from(prefixEnd(options.prefix)),
          start_revision: options.from,
          progress_notify: true,
          fragment: true,
        },
      });
      sendProbe = () => stream.write({ progress_request: {} });
    },
    cause => end({ reason: 'lost', cause }),
  );

  return { ended, close: () => end({ reason: 'closed' }) };
}
