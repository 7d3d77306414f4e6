/** Thousands of watchers in one thread, each judged as it goes. It is told the store's history by its owner. */
import { overEventStream } from '../../harness/event-stream.ts';
import { type ResumingStream, startResuming, type Transport } from '../../harness/resuming.ts';
import { overWebSocket } from '../../harness/web-socket.ts';
import type { StoreRevision, Topic } from '../history.ts';
import { createRandom } from '../random.ts';
import type { WatchedNode } from '../recording-watcher.ts';
import { createJudgedWatcher, type JudgedWatcher, type Report } from './judged-watcher.ts';
import { createTellings, type Telling } from './telling.ts';
import { createLiveTruth } from './truth.ts';

/** All that a thread needs to know to begin. */
export interface CrowdOptions {
  /** Part of the watchers' names. */
  readonly name: string;
  readonly watchers: number;
  /** Spread over these. */
  readonly topics: readonly Topic[];
  readonly nodes: readonly WatchedNode[];
  readonly token: string;
  readonly seed: number;
}

/** What a crowd has seen so far. */
export interface CrowdTally {
  open: number;
  /** By type of frame; `conflated` counts the updates that are jumps. */
  frames: Record<string, number>;
  /** Streams opened with a `since`. */
  resumed: number;
  /** Streams that ended, by close code or, where they were refused, by status. */
  ended: Record<string, number>;
  /** Resets by reason. */
  resets: Record<string, number>;
  /** Changes held for whoever is behind. */
  held: number;
  /** Who is furthest behind. */
  slowest: string;
}

export interface Crowd {
  readonly tally: CrowdTally;
  /** Whether every watcher has accounted for everything up to `revision`. */
  reached(revision: number): boolean;
  add(revisions: readonly StoreRevision[]): void;
  /** From now on a reset is excused, or is not. */
  allowResets(allowed: boolean): void;
  /** End the streams. */
  close(): void;
  /** Judge what is left: what the store has not told of by now never was. */
  end(): void;
}

/** Watcher n comes over the nth of them, round and round. */
const TRANSPORTS: readonly Transport[] = [overWebSocket, overWebSocket, overWebSocket, overEventStream];
/** Connected at once, so that the nodes are not stormed. */
const PORTION = 50;
const PORTION_MS = 20;
/** What every watcher has passed is kept for two rounds more: a node that is behind may still serve it. */
const FORGET_MS = 60_000;
/** Five missed heartbeats: a connection that is dead and does not know it. */
const SILENCE_MS = 10_000;

/** Not ready, behind the bookmark, or full. */
const REFUSALS = new Set([503, 409, 429]);

interface Watched {
  readonly judged: JudgedWatcher;
  readonly topic: Topic;
  readonly stream: ResumingStream;
}

export function startCrowd(options: CrowdOptions, report: (report: Report) => void): Crowd {
  const { name, topics, nodes, token, seed } = options;
  const random = createRandom(seed);
  const truth = createLiveTruth();
  const names = new Map(nodes.map(node => [node.url, node.name]));
  const tellings = topics.map(topic => createTellings(topic, truth));
  const watchers: Watched[] = [];
  /** Those whose frames came before the store told of them: few, and asked at every revision. */
  const waiting = new Set<JudgedWatcher>();
  const frames: Record<string, number> = {};
  const ended: Record<string, number> = {};
  const resets: Record<string, number> = {};
  let resumed = 0;
  let mayReset = false;

  const count = (of: Record<string, number>, key: string | number) => {
    of[key] = (of[key] ?? 0) + 1;
  };
  const countFrame = ({ frame }: Telling) => {
    count(frames, frame.type);
    if (frame.type === 'reset') count(resets, frame.reason);
    if (frame.type === 'update' && frame.conflated_from !== undefined) count(frames, 'conflated');
  };

  function watch(n: number): Watched {
    const topic = topics[n % topics.length]!;
    const telling = tellings[n % topics.length]!;
    const judged = createJudgedWatcher({ id: `${name}-${n} of ${topic.service}`, topic, truth, report });
    const stream = startResuming({
      ...topic,
      token,
      since: undefined,
      transport: TRANSPORTS[n % TRANSPORTS.length]!,
      silenceMs: SILENCE_MS,
      below: random.below,
      next: () => random.pick(nodes).url,
      onOpen: ({ node, since }) => {
        if (since) resumed++;
        judged.connected(names.get(node)!, since);
      },
      onFrame: (text, { node }) => {
        const told = telling(text);
        countFrame(told);
        judged.received(names.get(node)!, told, mayReset);
        if (judged.waits) waiting.add(judged);
        return told.frame;
      },
      onEnd: (end, { node }) => {
        count(ended, 'status' in end ? end.status : end.code);
        if (!('status' in end) || REFUSALS.has(end.status)) return;
        const what = `a stream was refused with ${end.status}`;
        report({ guarantee: 'Ready', what, where: names.get(node)!, lastFrames: [] });
      },
    });
    return { judged, topic, stream };
  }

  const filling = setInterval(() => {
    for (let n = 0; n < PORTION && watchers.length < options.watchers; n++)
      watchers.push(watch(watchers.length));
    if (watchers.length === options.watchers) clearInterval(filling);
  }, PORTION_MS);

  let roundsAgo = [0, 0];
  const forgetting = setInterval(() => {
    const slowest = new Map(topics.map(topic => [topic, roundsAgo[0]!]));
    for (const { topic, judged } of watchers)
      slowest.set(topic, Math.min(slowest.get(topic)!, judged.position));
    for (const [topic, revision] of slowest) truth.forget(topic, revision);
    roundsAgo = [roundsAgo[1]!, truth.reached];
  }, FORGET_MS);

  const slowest = (): string => {
    const last = watchers.reduce<Watched | undefined>(
      (a, b) => (a && a.judged.position <= b.judged.position ? a : b),
      undefined,
    );
    if (!last) return 'nobody';
    const { judged, stream, topic } = last;
    const state = `${stream.open ? 'open' : 'not open'}${judged.waits ? ', waits for the truth' : ''}`;
    return `a watcher of ${topic.service} at ${judged.position} of ${truth.reached}, ${state}`;
  };

  return {
    get tally() {
      const open = watchers.filter(({ stream }) => stream.open).length;
      return { open, frames, resumed, ended, resets, held: truth.held, slowest: slowest() };
    },
    reached: revision =>
      watchers.length === options.watchers && watchers.every(({ judged }) => judged.position >= revision),
    add: revisions => {
      for (const revision of revisions) truth.add(revision);
      for (const judged of waiting) {
        judged.proceed();
        if (!judged.waits) waiting.delete(judged);
      }
    },
    allowResets: allowed => {
      mayReset = allowed;
    },
    close: () => {
      clearInterval(filling);
      clearInterval(forgetting);
      for (const { stream } of watchers) stream.close();
    },
    end: () => {
      for (const { judged } of watchers) judged.end();
    },
  };
}
