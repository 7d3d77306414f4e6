/** A watcher that records what it is sent, and goes on from there at another node when a stream ends. */
import { type Bookmark, type Environment, formatBookmark, type WatchFrame } from '@quantivista/contracts';
import { WebSocket } from 'ws';
import { until } from '../../infra/stack/until.ts';

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
  /** Close code; 1006 where the connection broke. HTTP status where it was refused. */
  ended?: { readonly code: number; readonly reason: string } | { readonly status: number };
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
  const { nodes, service, environment = 'PRODUCTION', token, instanceId } = options;
  const received: Received[] = [];
  const streams: Stream[] = [];
  let bookmark = options.since;
  let socket: WebSocket | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  function connect(turn: number): void {
    const node = nodes[turn % nodes.length]!;
    const stream: Stream = { node, since: bookmark };
    streams.push(stream);
    const query = new URLSearchParams({
      environment,
      ...(bookmark && { since: formatBookmark(bookmark) }),
      ...(instanceId !== undefined && { instance_id: instanceId }),
    });
    const url = `${node.replace(/^http/, 'ws')}/api/v1/config/watch/${service}?${query}`;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const opened = new WebSocket(url, { headers, handshakeTimeout: 10_000 });
    socket = opened;
    opened.on('unexpected-response', (request, response) => {
      stream.ended = { status: response.statusCode ?? 0 };
      response.resume();
      // With this listener, ws leaves it to us to end the connection: without that there is no `close`.
      request.destroy();
      opened.terminate();
    });
    opened.on('message', data => {
      const frame = JSON.parse(String(data)) as WatchFrame;
      received.push({ frame, node, at: performance.now() });
      // A reset is no state: one who is cut off before the snapshot that follows resumes from the state before.
      if (frame.type !== 'reset') bookmark = { generation: frame.generation, revision: frame.revision };
    });
    // An error is always followed by a close.
    opened.on('error', () => {});
    opened.on('close', (code, reason) => {
      stream.ended ??= { code, reason: String(reason) };
      if (!closed) retry = setTimeout(() => connect(turn + 1), 20 + Math.random() * 60);
    });
  }
  connect(0);

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
      return bookmark;
    },
    get open() {
      return socket?.readyState === WebSocket.OPEN;
    },
    frame,
    drop: () => socket?.terminate(),
    close: () => {
      closed = true;
      clearTimeout(retry);
      socket?.terminate();
    },
  };
}
