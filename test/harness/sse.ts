/** A stream of server-sent events as it comes over the wire: every line of it is looked at. */
import { type ClientRequest, get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Environment, Problem, WatchFrame } from '@quantivista/contracts';
import { until } from '../../infra/stack/until.ts';

export interface EventStreamOptions {
  /** Base URL of a node. */
  readonly node: string;
  /** Absent for the whole environment. */
  readonly service?: string;
  /** @default PRODUCTION */
  readonly environment?: Environment;
  /** More of the query: `since`, `prefix`, `min_revision`, `instance_id`. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly frame: WatchFrame;
}

export interface EventStream {
  readonly events: readonly ReceivedEvent[];
  readonly frames: readonly WatchFrame[];
  readonly comments: readonly string[];
  /** Values of the `retry` lines, in milliseconds. */
  readonly retries: readonly number[];
  readonly headers: IncomingHttpHeaders;
  /** 0 until it is answered. */
  readonly status: number;
  /** What it was answered where that is no stream. */
  readonly problem: Problem;
  /** `ended` as an answer ends, `broken` as a connection breaks. */
  readonly state: 'open' | 'ended' | 'broken';
  /** The first frame that fits, of those received and those to come. */
  frame(fits: (frame: WatchFrame) => boolean, what: string): Promise<WatchFrame>;
  /** Resolves once the stream is over. */
  over(timeoutMs?: number): Promise<void>;
  /** Take nothing more from the network, until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

export function openEventStream(options: EventStreamOptions): EventStream {
  const { node, service, environment = 'PRODUCTION', query = {}, headers = {} } = options;
  const events: ReceivedEvent[] = [];
  const comments: string[] = [];
  const retries: number[] = [];
  let answer: IncomingMessage | undefined;
  let text = '';
  let state: EventStream['state'] = 'open';

  /** One block, up to an empty line. */
  const take = (block: string) => {
    const fields: Record<string, string> = {};
    for (const line of block.split('\n')) {
      const colon = line.indexOf(': ');
      if (line.startsWith(':')) comments.push(line.slice(2));
      else if (line.startsWith('retry')) retries.push(Number(line.slice(colon + 2)));
      else fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    const { id, event, data, ...others } = fields;
    if (Object.keys(others).length > 0) throw new Error(`unexpected lines in ${JSON.stringify(block)}`);
    if (data !== undefined) events.push({ id: id!, event: event!, frame: JSON.parse(data) });
  };

  const path = ['/api/v1/config/stream', ...(service === undefined ? [] : [service])].join('/');
  const url = `${node}${path}?${new URLSearchParams({ environment, ...query })}`;
  const request: ClientRequest = get(url, { headers, agent: false }, response => {
    answer = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (response.statusCode !== 200) return;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      blocks.forEach(take);
    });
    response.on('error', () => {});
    response.on('close', () => {
      state = response.complete ? 'ended' : 'broken';
    });
  });
  request.on('error', () => {
    state = 'broken';
  });

  return {
    events,
    comments,
    retries,
    get frames() {
      return events.map(({ frame }) => frame);
    },
    get headers() {
      return answer?.headers ?? {};
    },
    get status() {
      return answer?.statusCode ?? 0;
    },
    get problem() {
      return JSON.parse(text) as Problem;
    },
    get state() {
      return state;
    },
    frame: (fits, what) =>
      until(() => events.find(({ frame }) => fits(frame))?.frame, { what, timeoutMs: 10_000, intervalMs: 2 }),
    over: async (timeoutMs = 10_000) => {
      await until(() => state !== 'open', { what: 'the stream to be over', timeoutMs, intervalMs: 5 });
    },
    pause: () => void answer?.pause(),
    resume: () => void answer?.resume(),
    close: () => request.destroy(),
  };
}
