/** A watcher that never gives up, records every frame, and resumes on whichever node takes it. */
import { formatBookmark, type WatchFrame } from '@quantivista/contracts';
import { WebSocket } from 'ws';
import type { Topic, WatchEvent, Watcher } from './history.ts';
import type { Random } from './random.ts';

export interface WatchedNode {
  readonly name: string;
  readonly url: string;
}

export interface WatcherOptions {
  readonly id: string;
  readonly topic: Topic;
  readonly nodes: readonly WatchedNode[];
  readonly token: string;
  readonly random: Random;
}

export interface RecordingWatcher {
  readonly history: Watcher;
  /** The newest revision seen, of the newest generation. */
  readonly reached: number;
  /** Times that a stream was resumed. */
  readonly resumed: number;
  /** Longest time between two frames, in milliseconds. */
  readonly longestGapMs: number;
  stop(): void;
}

export function startWatcher({ id, topic, nodes, token, random }: WatcherOptions): RecordingWatcher {
  const events: WatchEvent[] = [];
  let generation: string | undefined;
  let reached = -1;
  let resumed = 0;
  let longestGapMs = 0;
  let lastAt: number | undefined;
  let stopped = false;
  let socket: WebSocket | undefined;
  let retry: NodeJS.Timeout | undefined;

  const connect = (node: WatchedNode) => {
    const since = generation === undefined ? undefined : { generation, revision: reached };
    const query = since ? `&since=${formatBookmark(since)}` : '';
    const path = `/api/v1/config/watch/${topic.service}?environment=${topic.environment}${query}`;
    const headers = { authorization: `Bearer ${token}` };
    const ws = new WebSocket(node.url.replace(/^http/, 'ws') + path, { headers, handshakeTimeout: 8_000 });
    socket = ws;
    // Errors and refusals end in a close as well.
    ws.on('error', () => {});
    ws.on('open', () => {
      if (since) resumed++;
      events.push({ kind: 'connect', node: node.name, since });
    });
    ws.on('message', data => {
      const at = performance.now();
      const frame = JSON.parse(String(data)) as WatchFrame;
      events.push({ kind: 'frame', node: node.name, frame, at });
      longestGapMs = Math.max(longestGapMs, at - (lastAt ?? at));
      lastAt = at;
      if (frame.type === 'reset') return;
      // Revisions of two generations are not compared.
      reached = frame.generation === generation ? Math.max(reached, frame.revision) : frame.revision;
      generation = frame.generation;
    });
    ws.on('close', () => {
      if (!stopped) retry = setTimeout(() => connect(random.pick(nodes)), 20 + random.below(80));
    });
  };

  connect(random.pick(nodes));
  return {
    history: { id, topic, events },
    get reached() {
      return reached;
    },
    get resumed() {
      return resumed;
    },
    get longestGapMs() {
      return longestGapMs;
    },
    stop: () => {
      stopped = true;
      clearTimeout(retry);
      socket?.terminate();
    },
  };
}
