/** Tells the node that is followed what could be used: one at a time, and of many the newest. */

import type { Ack } from './follow/wire.ts';
import type { Requester, Topic } from './request.ts';

export interface Acks {
  /** @param node that has the stream: no other knows of it */
  tell(node: string, ack: Ack): void;
}

interface Told {
  readonly node: string;
  readonly ack: Ack;
}

const MOST_WAITING = 8;

/** An error's text as nodes take it. */
export const errorText = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replaceAll('\0', '')
    .slice(0, 1_000)
    .toWellFormed();

export function createAcks(
  requester: Requester,
  topic: Topic,
  instanceId: string,
  signal: AbortSignal,
): Acks {
  const { environment, service: service_name = '*' } = topic;
  /** Newest last; of those in a row that say the same, one. */
  let waiting: Told[] = [];
  let sending: AbortController | undefined;
  signal.addEventListener('abort', () => sending?.abort());

  async function send(): Promise<void> {
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      const { node, ack } = next;
      sending = new AbortController();
      const body = JSON.stringify({ environment, service_name, instance_id: instanceId, ...ack });
      const headers = { 'content-type': 'application/json' };
      try {
        const asked = { method: 'POST', headers, body, over: sending } as const;
        await (await requester.ask(node, '/api/v1/config/ack', asked)).text();
      } catch {
        // What is lost is said again at the next connection: it is told for people, and nothing waits for it.
      }
    }
    sending = undefined;
  }
  return {
    tell: (node, ack) => {
      // That it could use one in between is news to those who ask whether it can use the next.
      if (waiting.at(-1)?.ack.applied === ack.applied) waiting.pop();
      waiting = [...waiting.slice(1 - MOST_WAITING), { node, ack }];
      if (!sending) void send();
    },
  };
}
