/** Who watches what: joins sockets to topics, and sends each change, encoded once, to all of its topic. */
import { errorRow } from '@quantivista/contracts';
import type { Snapshot } from '@quantivista/snapshot';
import type { HistoryEntry } from '../../follow/history.ts';
import type { Replica } from '../../follow/replica.ts';
import type { Admission } from './admit.ts';
import type { AudienceRecord, Watcher } from './audience.ts';
import {
  changesByTopic,
  commitNote,
  heartbeatFrame,
  replayFrames,
  resetFrame,
  snapshotFrame,
  type Topic,
  topicName,
  updateFrame,
} from './frames.ts';
import { createShard, createTurns, SHARD_SIZE, type Shard, type WatchSocket } from './shard.ts';

export interface HubOptions {
  readonly replica: Replica;
  readonly heartbeatMs: number;
  /** A socket with more bytes waiting is closed with 1013. @default 4 MiB */
  readonly maxBufferedBytes?: number;
  readonly audience?: AudienceRecord;
}

export interface Hub {
  readonly watchers: number;
  /** Sockets closed because they did not read. */
  readonly dropped: number;
  /** Send what the socket needs first, then everything that follows. */
  join(socket: WatchSocket, admission: Admission): void;
  leave(socket: WatchSocket): void;
  /** Close every socket with 1012: the process is ending, another node goes on. */
  close(): void;
}

interface TopicState {
  readonly topic: Topic;
  readonly shards: Shard[];
}

export function createHub({
  replica,
  heartbeatMs,
  maxBufferedBytes = 4 * 1024 * 1024,
  audience,
}: HubOptions): Hub {
  const topics = new Map<string, TopicState>();
  const placeOf = new Map<WatchSocket, { name: string; shard: Shard; watcher: Watcher }>();
  const turns = createTurns();
  let dropped = 0;

  const leave = (socket: WatchSocket) => {
    const place = placeOf.get(socket);
    if (!place) return;
    placeOf.delete(socket);
    audience?.left(place.watcher);
    place.shard.sockets.delete(socket);
    const state = topics.get(place.name)!;
    if (state.shards.every(shard => shard.sockets.size === 0)) topics.delete(place.name);
  };
  const drop = (socket: WatchSocket) => {
    dropped++;
    leave(socket);
    socket.close(errorRow('overloaded').close!, 'too slow: resume from the last revision seen');
  };
  const send = (state: TopicState, frame: string) => {
    for (const shard of state.shards) shard.push(frame);
  };

  /** Long enough that all who are here could come back at 2,000 a second. */
  const reconnectWindowMs = () => Math.max(1_000, Math.ceil(placeOf.size / 2));

  /** What the watcher must see before it is up to date, in order. */
  const firstFrames = ({ topic, since }: Admission, snapshot: Snapshot): string[] => {
    if (!since) return [snapshotFrame(topic, snapshot)];
    const sameLife = since.generation === snapshot.generation;
    const missed = sameLife ? replica.current!.history.after(since.revision) : undefined;
    if (!missed) {
      const reason = sameLife ? 'compacted' : 'generation_changed';
      return [resetFrame(topic, snapshot, reason), snapshotFrame(topic, snapshot)];
    }
    const replayed = replayFrames(topic, snapshot.generation, missed);
    return [...replayed, heartbeatFrame(topic, snapshot, replica.age, reconnectWindowMs())];
  };

  replica.listen({
    applied: ({ revision, changes }: HistoryEntry) => {
      if (topics.size === 0) return;
      const note = commitNote(changes);
      for (const [name, { topic, changes: ofTopic }] of changesByTopic(changes)) {
        const state = topics.get(name);
        if (state)
          send(state, updateFrame(topic, replica.current!.snapshot.generation, revision, ofTopic, note));
      }
    },
    replaced: (before, now, reason) => {
      for (const state of topics.values()) {
        const { environment, service } = state.topic;
        const unchanged =
          reason !== 'generation_changed' &&
          sameDigest(
            before?.service(environment, service)?.digest,
            now.service(environment, service)?.digest,
          );
        if (unchanged) continue;
        send(state, resetFrame(state.topic, now, reason));
        send(state, snapshotFrame(state.topic, now));
      }
    },
  });

  const beat = setInterval(() => {
    const snapshot = replica.current?.snapshot;
    if (!snapshot) return;
    for (const state of topics.values())
      send(state, heartbeatFrame(state.topic, snapshot, replica.age, reconnectWindowMs()));
  }, heartbeatMs);

  return {
    get watchers() {
      return placeOf.size;
    },
    get dropped() {
      return dropped;
    },
    join: (socket, admission) => {
      const name = topicName(admission.topic);
      const state: TopicState = topics.get(name) ?? { topic: admission.topic, shards: [] };
      topics.set(name, state);
      let shard = state.shards.find(each => each.sockets.size < SHARD_SIZE);
      if (!shard) {
        const first = state.shards.length === 0;
        shard = createShard({ turns: first ? undefined : turns, maxBufferedBytes, drop });
        state.shards.push(shard);
      }
      // One synchronous step: what waits for the others is in the first frames of this one already, and no
      // revision can be applied between those and the joining.
      shard.flush();
      for (const frame of firstFrames(admission, replica.current!.snapshot)) socket.send(frame);
      shard.sockets.add(socket);
      const watcher = { topic: admission.topic, instanceId: admission.instanceId };
      placeOf.set(socket, { name, shard, watcher });
      audience?.joined(watcher);
    },
    leave,
    close: () => {
      clearInterval(beat);
      for (const socket of [...placeOf.keys()]) {
        leave(socket);
        socket.close(errorRow('shutting_down').close!, 'this node is ending');
      }
    },
  };
}

const sameDigest = (a: { high: number; low: number } | undefined, b: typeof a): boolean =>
  a?.high === b?.high && a?.low === b?.low;
