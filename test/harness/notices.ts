/** A stream of OFREP's events, as a browser reads it. */
import { get } from 'node:http';
import type { OfrepEvent } from '@quantivista/contracts';
import { until } from '../../infra/stack/until.ts';

export interface Notice {
  readonly id: string;
  readonly event: string;
  readonly data: OfrepEvent;
}

export interface Notices {
  readonly received: readonly Notice[];
  readonly comments: readonly string[];
  /** The one after the last that was asked for. */
  next(): Promise<Notice>;
  /** Resolves once the stream is over. */
  over(): Promise<void>;
  close(): void;
}

export function openNotices(url: string): Notices {
  const received: Notice[] = [];
  const comments: string[] = [];
  let isOver = false;
  let taken = 0;
  let text = '';
  const take = (block: string) => {
    const fields: Record<string, string> = {};
    for (const line of block.split('\n')) {
      const colon = line.indexOf(': ');
      if (line.startsWith(':')) comments.push(line.slice(2));
      else fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    const { id, event, data } = fields;
    if (data !== undefined) received.push({ id: id!, event: event!, data: JSON.parse(data) });
  };
  const request = get(url, { agent: false }, answer => {
    answer.setEncoding('utf8');
    answer.on('data', (chunk: string) => {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      blocks.forEach(take);
    });
    answer.on('error', () => {});
    answer.on('close', () => {
      isOver = true;
    });
  });
  request.on('error', () => {
    isOver = true;
  });
  return {
    received,
    comments,
    next: async () => {
      const at = taken++;
      return until(() => received[at], { what: `event ${at}`, timeoutMs: 10_000, intervalMs: 5 });
    },
    over: async () => {
      await until(() => isOver, { what: 'the stream to be over', timeoutMs: 10_000, intervalMs: 5 });
    },
    close: () => request.destroy(),
  };
}
