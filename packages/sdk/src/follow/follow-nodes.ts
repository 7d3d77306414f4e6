/** A stream that goes on wherever it ended: at a node that takes it, after the last state that was seen. */

import { onAbort } from '../on-abort.ts';
import type { ConfigError } from '../refusal.ts';
import type { Requester, Topic } from '../request.ts';
import { followStream } from './connection.ts';
import { createNodes } from './nodes.ts';
import type { Bookmark, Frame, Position } from './wire.ts';

export interface StreamOptions {
  /** Base URLs, the nearest first. */
  readonly nodes: readonly string[];
  readonly topic: Topic;
  readonly instanceId: string;
  readonly requester: Requester;
  readonly silenceMs: number;
  /** The newest state that is known; asked at each connection. */
  readonly since: () => Bookmark | undefined;
  readonly onOpen: (node: string, position: Position | undefined) => void;
  /** Throws where the frame can't be used: another node is tried. */
  readonly onFrame: (frame: Frame, node: string) => void;
  /** A stream is over, or was refused. */
  readonly onEnd: (why: ConfigError | undefined) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Until a node has told of a window. */
const FIRST_WINDOW_MS = 1_000;

/** Follow until the signal. Never rejects. */
export async function followNodes(options: StreamOptions, signal: AbortSignal): Promise<void> {
  const { topic, instanceId, requester, silenceMs, since, onOpen, onFrame, onEnd, now } = options;
  const nodes = createNodes(options.nodes, now);
  let windowMs = FIRST_WINDOW_MS;

  async function connect(node: string): Promise<void> {
    let told = false;
    const why = await followStream({
      node,
      topic,
      instanceId,
      since: since(),
      requester,
      silenceMs,
      signal,
      onOpen: position => onOpen(node, position),
      onFrame: frame => {
        onFrame(frame, node);
        told = true;
        nodes.answered(node);
        if (frame.type === 'heartbeat') windowMs = frame.reconnect_window_ms;
      },
    });
    onEnd(why);
    if (signal.aborted) return;
    // One that broke off is left alone until the others have been asked.
    if (why || !told) nodes.failed(node, why?.retryAfterMs ?? (told ? windowMs : 0));
    // All others of this node have lost their streams too, and come back within the same window.
    if (told) await pause(Math.random() * windowMs, signal);
  }

  while (!signal.aborted) {
    const { url, waitMs } = nodes.next();
    if (waitMs > 0) await pause(waitMs, signal);
    else await connect(url);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopListening = () => {};
  await new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms);
    stopListening = onAbort(signal, resolve);
  });
  clearTimeout(timer);
  stopListening();
}
