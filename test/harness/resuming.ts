/** A stream that goes on wherever it ended: at a node that takes it, after the last state that was seen. */
import type { Bookmark, Environment } from '@quantivista/contracts';
import { overWebSocket } from './web-socket.ts';

/** Where a stream is asked for. */
export interface StreamTarget {
  /** Base URL. */
  readonly node: string;
  readonly service: string;
  readonly environment: Environment;
  readonly since: Bookmark | undefined;
  readonly token: string | undefined;
  /** How the client names itself. */
  readonly instanceId?: string | undefined;
}

/** Close code, 1006 where the connection broke; HTTP status where it was refused. */
export type Ended = { readonly code: number; readonly reason: string } | { readonly status: number };

export interface ConnectionEvents {
  open(): void;
  frame(text: string): void;
  /** Once, and last. */
  end(ended: Ended): void;
}

export interface Connection {
  readonly open: boolean;
  /** Break it, as a network does: {@link ConnectionEvents.end} follows. */
  drop(): void;
}

/** How frames come from a node: they are the same over each. */
export type Transport = (target: StreamTarget, events: ConnectionEvents) => Connection;

/** As much of a frame as resuming needs. */
export interface FrameHead extends Bookmark {
  readonly type: string;
  readonly reconnect_window_ms?: number;
}

export interface ResumingOptions extends Omit<StreamTarget, 'node'> {
  /** The node to connect to next; asked at every connection. */
  readonly next: () => string;
  /** A random integer below `limit`. */
  readonly below?: (limit: number) => number;
  /** @default overWebSocket */
  readonly transport?: Transport;
  /** A connection on which nothing comes for so long is broken; without it none is. */
  readonly silenceMs?: number;
  /** Before each attempt. */
  readonly onConnect?: (target: StreamTarget) => void;
  readonly onOpen?: (target: StreamTarget) => void;
  /** Answers the frame's head. */
  readonly onFrame: (text: string, target: StreamTarget) => FrameHead;
  readonly onEnd?: (ended: Ended, target: StreamTarget) => void;
}

export interface ResumingStream {
  /** Of the last frame that stands for a state; `undefined` before the first. */
  readonly bookmark: Bookmark | undefined;
  /** Whether a connection is open now. */
  readonly open: boolean;
  /** Break the present connection, as a network does. The stream resumes. */
  drop(): void;
  /** End for good. */
  close(): void;
}

/** Until a node has told of a window. */
const FIRST_WINDOW_MS = 200;

export function startResuming(options: ResumingOptions): ResumingStream {
  const { next, transport = overWebSocket, silenceMs, onFrame } = options;
  const { below = limit => Math.floor(Math.random() * limit) } = options;
  const { service, environment, token, instanceId } = options;
  let bookmark = options.since;
  let windowMs = FIRST_WINDOW_MS;
  let connection: Connection | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  function connect(): void {
    const since = bookmark;
    const target: StreamTarget = { node: next(), service, environment, token, instanceId, since };
    options.onConnect?.(target);
    const silence = silenceMs === undefined ? undefined : setTimeout(() => connection?.drop(), silenceMs);
    connection = transport(target, {
      open: () => options.onOpen?.(target),
      frame: text => {
        if (closed) return;
        silence?.refresh();
        const { type, generation, revision, reconnect_window_ms } = onFrame(text, target);
        // A reset is no state: one who is cut off before the snapshot that follows resumes from the state before.
        if (type !== 'reset') bookmark = { generation, revision };
        windowMs = reconnect_window_ms ?? windowMs;
      },
      end: ended => {
        clearTimeout(silence);
        options.onEnd?.(ended, target);
        if (!closed) retry = setTimeout(connect, below(windowMs));
      },
    });
  }
  connect();

  return {
    get bookmark() {
      return bookmark;
    },
    get open() {
      return connection?.open ?? false;
    },
    drop: () => connection?.drop(),
    close: () => {
      closed = true;
      clearTimeout(retry);
      connection?.drop();
    },
  };
}
