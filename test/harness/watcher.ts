/** A watcher that records what it is sent, and goes on from there at another node when a stream ends. */
import type { Bookmark, Environment, WatchFrame } from '@quantivista/contracts';
import { until } from '../../infra/stack/until.ts';
import { type Ended, startResuming } from './resuming.ts';

export interface WatcherOptions {
  /** Base URLs, tried one after the other. */
  readonly nodes: readonly string[];
  readonly service: string;
  /** @default PRODUCTION */
  readonly environment?: Environment;
  readonly token?: string;
  /** How it names itself. */
  readonly instanceId?: string;
  /** Where to begin; without it with a snapshot. */
  readonly since?: Bookmark;
}

/** A frame, the node it came from, and when (`performance.now()`). */
export interface Received {
  readonly frame: WatchFrame;
  readonly node: string;
  readonly at: number;
}

/** One stream: where it was asked from, and how it ended, once it has. */
export interface Stream {
  readonly node: string;
  readonly since: Bookmark | undefined;
  ended?: Ended;
}

export interface Watcher {
  readonly received: readonly Received[];
  readonly streams: readonly Stream[];
  /** Of the last frame that stands for a state; `undefined` before the first. */
  readonly bookmark: Bookmark | undefined;
  /** Whether a stream is open now. */
  readonly open: boolean;
  /** The first frame that fits, of those received and those to come. @throws after `timeoutMs` (10 s) */
  frame<T extends WatchFrame>(
    fits: (frame: WatchFrame) => frame is T,
    what: string,
    timeoutMs?: number,
  ): Promise<T>;
  frame(fits: (frame: WatchFrame) => boolean, what: string, timeoutMs?: number): Promise<WatchFrame>;
  /** Break the present connection, as a network does. The watcher resumes. */
  drop(): void;
  /** End for good. */
  close(): void;
}

export function startWatcher(options: WatcherOptions): Watcher {
  const { nodes, service, environment = 'PRODUCTION', token, instanceId, since } = options;
  const received: Received[] = [];
  const streams: Stream[] = [];
  const stream = startResuming({
    service,
    environment,
    token,
    instanceId,
    since,
    next: () => nodes[streams.length % nodes.length]!,
    onConnect: target => streams.push({ node: target.node, since: target.since }),
    onFrame: (text, { node }) => {
      const frame = JSON.parse(text) as WatchFrame;
      received.push({ frame, node, at: performance.now() });
      return frame;
    },
    onEnd: ended => {
      streams.at(-1)!.ended = ended;
    },
  });

  function frame<T extends WatchFrame>(
    fits: (f: WatchFrame) => f is T,
    what: string,
    ms?: number,
  ): Promise<T>;
  function frame(fits: (f: WatchFrame) => boolean, what: string, ms?: number): Promise<WatchFrame>;
  function frame(fits: (f: WatchFrame) => boolean, what: string, timeoutMs = 10_000): Promise<WatchFrame> {
    const found = () => received.find(each => fits(each.frame))?.frame;
    return until(found, { what, timeoutMs, intervalMs: 2 });
  }

  return {
    received,
    streams,
    get bookmark() {
      return stream.bookmark;
    },
    get open() {
      return stream.open;
    },
    frame,
    drop: stream.drop,
    close: stream.close,
  };
}
