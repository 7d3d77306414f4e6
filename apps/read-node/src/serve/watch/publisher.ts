/**
 * Sends each change, encoded once, to all streams of the topics that it concerns. A stream whose client reads too
 * slowly is not sent more: it lags, and only its place is remembered. Once it has drained it is told in one
 * frame of all that it missed, from the history that everybody shares.
 */
import {
  type Bookmark,
  type CommitNote,
  parseConfigurationKey,
  type ResetFrame,
} from '@quantivista/contracts';
import type { Snapshot } from '@quantivista/snapshot';
import type { HistoryEntry } from '../../follow/history.ts';
import type { Replica } from '../../follow/replica.ts';
import type { Backlog } from './backlog.ts';
import type { Frame } from './frame.ts';
import { commitNote, type TopicChange, updateFrame } from './frames.ts';
import { createOpenTopics } from './open-topics.ts';
import { createPreparedFrames } from './prepared-frames.ts';
import { createShards, type Shard, type Shards } from './shard.ts';
import type { WatchSocket } from './socket.ts';
import { type Topic, type TopicFilter, topicFilter } from './topic.ts';
import { createTurns } from './turns.ts';
import { unchangedBetween } from './unchanged.ts';

type ResetReason = ResetFrame['reason'];

export interface Subscriber {
  readonly socket: WatchSocket;
  readonly topic: Topic;
  readonly since: Bookmark | undefined;
}

export interface PublisherOptions {
  readonly replica: Replica;
  readonly backlog: Backlog;
  /** With more waiting in its socket a stream lags. */
  readonly softLimitBytes: number;
  readonly heartbeatMs: number;
  readonly reconnectWindowMs: () => number;
}

export interface Publisher {
  /** Streams that lag now. */
  readonly lagging: number;
  /** Times that a stream was told of several changes as one. */
  readonly conflated: number;
  /** Send what the subscriber needs first, then everything that follows. */
  enter(subscriber: Subscriber): void;
  leave(socket: WatchSocket): void;
  /** Go on with those that lagged and have drained. Call it often. */
  resume(): void;
  stop(): void;
}

interface OpenTopic {
  readonly topic: Topic;
  readonly filter: TopicFilter;
  readonly shards: Shards<Place>;
  /** The state was replaced and the topic's turn to be renewed has not come: until then it is sent nothing. */
  renewal: ResetReason | undefined;
}

/** Where a subscriber stands. */
interface Place {
  readonly socket: WatchSocket;
  readonly open: OpenTopic;
  readonly shard: Shard<Place>;
  /** Of the last frame that it was sent. */
  at: Bookmark;
  /** Set while it lags; `reset` where it can't go on from `at`. */
  lag: { reset: ResetReason | undefined } | undefined;
}

/** Long enough for a shard or more, short enough that a read does not wait. */
const SLICE_MS = 1;

export function createPublisher(options: PublisherOptions): Publisher {
  const { replica, backlog, softLimitBytes, heartbeatMs, reconnectWindowMs } = options;
  const topics = createOpenTopics<OpenTopic>();
  const placeOf = new Map<WatchSocket, Place>();
  const lagging = new Set<Place>();
  const prepared = createPreparedFrames(replica);
  const fanOut = createTurns(SLICE_MS);
  const catchUps = createTurns(SLICE_MS);
  let conflated = 0;

  const send = (place: Place, frames: readonly Frame[]) => {
    const last = frames.at(-1);
    if (!last) return;
    place.at = last.bookmark;
    backlog.wrote(place.socket, place.socket.send(frames));
  };
  const deliver = (place: Place, frames: readonly Frame[]) => {
    const tooMuch = backlog.look(place.socket) > softLimitBytes;
    // Looking may have ended it.
    if (!placeOf.has(place.socket)) return;
    if (!place.lag && !tooMuch) return send(place, frames);
    const reset = frames.findLast(({ reason }) => reason !== undefined)?.reason;
    place.lag = { reset: reset ?? place.lag?.reset };
    lagging.add(place);
  };
  const push = (open: OpenTopic, frame: Frame) => {
    for (const shard of open.shards.all) shard.push(frame);
  };
  const renew = (open: OpenTopic) => {
    if (!open.renewal) return;
    for (const frame of prepared.renewal(open, open.renewal)) push(open, frame);
    open.renewal = undefined;
  };

  const catchUp = (place: Place) => {
    renew(place.open);
    // What waits for the others is part of what it is caught up with.
    place.shard.flush();
    if (!placeOf.has(place.socket) || !place.lag) return;
    const { generation } = replica.current!.snapshot;
    const { at, open } = place;
    const reset = place.lag.reset ?? (at.generation === generation ? undefined : 'generation_changed');
    place.lag = undefined;
    lagging.delete(place);
    const net = reset ? undefined : prepared.conflated(open, at.revision);
    if (net) conflated += net.length;
    send(place, net ?? prepared.renewal(open, reset ?? 'compacted'));
  };

  /** What the stream must see before it is up to date, in order. */
  const firstFrames = (open: OpenTopic, since: Bookmark | undefined): Frame[] => {
    if (!since) return [prepared.snapshot(open)];
    const { generation } = replica.current!.snapshot;
    if (since.generation !== generation) return prepared.renewal(open, 'generation_changed');
    const missed = prepared.replay(open, since.revision);
    if (!missed) return prepared.renewal(open, 'compacted');
    return [...missed, prepared.heartbeat(open, reconnectWindowMs())];
  };

  const applied = (entry: HistoryEntry) => {
    const touched = new Map<OpenTopic, TopicChange[]>();
    let note: CommitNote | undefined;
    for (const change of entry.changes) {
      const path = parseConfigurationKey(change.key);
      if (!path) continue;
      for (const open of topics.concerned(path)) {
        if (touched.size === 0) note = commitNote(entry.changes);
        const changes = touched.get(open) ?? [];
        touched.set(open, changes);
        changes.push({ path, change, before: change.previous, note });
      }
    }
    for (const [open, changes] of touched) {
      if (open.renewal) continue;
      const frame = updateFrame(open.topic, replica.current!.snapshot.generation, entry.revision, changes);
      prepared.updated(open, frame);
      push(open, frame);
    }
  };
  const replaced = (before: Snapshot | undefined, now: Snapshot, reason: ResetReason) => {
    prepared.forget();
    const unchanged = reason === 'generation_changed' ? () => false : unchangedBetween(before!, now);
    for (const open of topics.all()) {
      if (unchanged(open.topic)) {
        // A key may have come and gone where nobody saw it: that it came to nothing is told all the same.
        if (now.revision > before!.revision) push(open, prepared.unchanged(open, before!.revision));
        continue;
      }
      open.renewal = reason;
      fanOut(() => renew(open));
    }
  };
  replica.listen({ applied, replaced });

  let beating = false;
  const beat = setInterval(() => {
    prepared.forget();
    if (beating || !replica.current) return;
    beating = true;
    for (const open of topics.all()) {
      fanOut(() => {
        // One that is not renewed yet has no place in the present state.
        if (open.renewal) return;
        push(open, prepared.heartbeat(open, reconnectWindowMs()));
      });
    }
    fanOut(() => {
      beating = false;
    });
  }, heartbeatMs);

  return {
    get lagging() {
      return lagging.size;
    },
    get conflated() {
      return conflated;
    },
    enter: ({ socket, topic, since }) => {
      const open = topics.open(topic, () => ({
        topic,
        filter: topicFilter(topic),
        shards: createShards({ turns: fanOut, firstAtOnce: true, deliver }),
        renewal: undefined,
      }));
      renew(open);
      const shard = open.shards.withRoom();
      // One synchronous step: what waits for the others is in the first frames of this one already, and no
      // revision can be applied between those and the joining.
      shard.flush();
      const { generation, revision } = replica.current!.snapshot;
      const place: Place = { socket, open, shard, at: { generation, revision }, lag: undefined };
      placeOf.set(socket, place);
      shard.join(place);
      send(place, firstFrames(open, since));
    },
    leave: socket => {
      const place = placeOf.get(socket);
      if (!place) return;
      placeOf.delete(socket);
      lagging.delete(place);
      place.shard.leave(place);
      if (place.open.shards.all.size === 0) topics.close(place.open.topic);
    },
    resume: () => {
      for (const place of lagging) if (backlog.look(place.socket) === 0) catchUps(() => catchUp(place));
    },
    stop: () => clearInterval(beat),
  };
}
