/** One stream from one node, as long as it lasts. */

import { onAbort } from '../on-abort.ts';
import { ConfigError, refusalOf, unreachable } from '../refusal.ts';
import type { Requester, Topic } from '../request.ts';
import { createEventParser } from './event-stream.ts';
import { type Bookmark, type Frame, type Position, parseFrame, positionOf } from './wire.ts';

export interface ConnectionOptions {
  /** Base URL. */
  readonly node: string;
  readonly topic: Topic;
  readonly instanceId: string;
  /** Where to go on; a snapshot comes first without it. */
  readonly since: Bookmark | undefined;
  readonly requester: Requester;
  /** One on which nothing comes for so long is given up: the other end may be gone without a word. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
  readonly onOpen: (position: Position | undefined) => void;
  /** Throws where the frame can't be used: the stream is given up. */
  readonly onFrame: (frame: Frame) => void;
}

function pathOf({ topic, since, instanceId }: ConnectionOptions): string {
  const { environment, service, prefix } = topic;
  const query = new URLSearchParams({ environment, instance_id: instanceId });
  if (prefix !== undefined) query.set('prefix', prefix);
  if (since) query.set('since', `${since.generation}:${since.revision}`);
  return `/api/v1/config/stream${service === undefined ? '' : `/${encodeURIComponent(service)}`}?${query}`;
}

/**
 * Follow a stream to its end.
 * @returns why it is over; `undefined` where the node has ended it in order, or the signal
 */
export async function followStream(options: ConnectionOptions): Promise<ConfigError | undefined> {
  const { node, requester, silenceMs, signal, onOpen, onFrame } = options;
  const over = new AbortController();
  const end = () => over.abort();
  const stopListening = onAbort(signal, end);
  let silence: ReturnType<typeof setTimeout> | undefined;
  let refused: ConfigError | undefined;

  /** Anything is a sign of life, also a part of a long snapshot. */
  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(() => over.abort(new Error(`nothing came for ${silenceMs} ms`)), silenceMs);
  };
  const parse = createEventParser((type, data) => {
    // The node's last word to one who is not allowed any more.
    if (type === 'closed') refused = new ConfigError(node, 'forbidden', data, { status: 403 });
    const frame = type === 'closed' ? undefined : parseFrame(data);
    if (frame) onFrame(frame);
  });

  try {
    const response = await requester.ask(node, pathOf(options), {
      headers: { accept: 'text/event-stream' },
      over,
    });
    if (response.status !== 200 || !response.body) return await refusalOf(node, response);
    onOpen(positionOf(response.headers));
    listen();
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      listen();
      parse(decoder.decode(bytes, { stream: true }));
    }
    return refused;
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof ConfigError) return error;
    if (error instanceof SyntaxError) return new ConfigError(node, 'malformed', error.message);
    return unreachable(node, over.signal.aborted ? over.signal.reason : error);
  } finally {
    clearTimeout(silence);
    stopListening();
    // Where a frame could not be used the connection is still there.
    end();
  }
}
