/** A watcher that never gives up, records every frame, and resumes on whichever node takes it. */
import type { WatchFrame } from '@quantivista/contracts';
import { startResuming } from '../harness/resuming.ts';
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
  let node = nodes[0]!;
  let generation: string | undefined;
  let reached = -1;
  let resumed = 0;
  let longestGapMs = 0;
  let lastAt: number | undefined;

  const stream = startResuming({
    ...topic,
    token,
    since: undefined,
    below: random.below,
    next: () => {
      node = random.pick(nodes);
      return node.url;
    },
    onOpen: ({ since }) => {
      if (since) resumed++;
      events.push({ kind: 'connect', node: node.name, since });
    },
    onFrame: text => {
      const at = performance.now();
      const frame = JSON.parse(text) as WatchFrame;
      events.push({ kind: 'frame', node: node.name, frame, at });
      longestGapMs = Math.max(longestGapMs, at - (lastAt ?? at));
      lastAt = at;
      if (frame.type !== 'reset') {
        // Revisions of two generations are not compared.
        reached = frame.generation === generation ? Math.max(reached, frame.revision) : frame.revision;
        generation = frame.generation;
      }
      return frame;
    },
  });
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
    stop: stream.close,
  };
}
