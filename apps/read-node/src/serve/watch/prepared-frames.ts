/**
 * What streams are sent before they are up to date: snapshots, replays and heartbeats, each prepared once for all
 * those who come within the same moment. A whole region's watchers may come at once.
 */
import type { ResetFrame } from '@quantivista/contracts';
import type { Replica } from '../../follow/replica.ts';
import { netChanges } from './conflate.ts';
import type { Frame } from './frame.ts';
import { heartbeatFrame, replayFrames, resetFrame, snapshotFrame, updateFrame } from './frames.ts';
import type { Topic, TopicFilter } from './topic.ts';

export interface FilteredTopic {
  readonly topic: Topic;
  readonly filter: TopicFilter;
}

export interface PreparedFrames {
  snapshot(of: FilteredTopic): Frame;
  /** How old the state is: never less than that, and a moment more. */
  heartbeat(of: FilteredTopic, reconnectWindowMs: number): Frame;
  /** What a stream gets that can't go on from where it is. */
  renewal(of: FilteredTopic, reason: ResetFrame['reason']): Frame[];
  /** Each change after `since`; `undefined` where they are no longer held. */
  replay(of: FilteredTopic, since: number): Frame[] | undefined;
  /** The changes after `since` as one; none where there were none; `undefined` as for `replay`. */
  conflated(of: FilteredTopic, since: number): Frame[] | undefined;
  /** The state was replaced since `since`, and nothing of the topic is another: what happened there came to nothing. */
  unchanged(of: FilteredTopic, since: number): Frame;
  /** An update was made for the topic: replays end with it. */
  updated(of: FilteredTopic, update: Frame): void;
  /** Let go of what was prepared. */
  forget(): void;
}

/** A topic's updates after `from`. */
interface Replay {
  readonly from: number;
  readonly frames: Frame[];
}

interface Beat {
  readonly frame: Frame;
  /** `performance.now()` */
  readonly madeAt: number;
}

/** So long a heartbeat is sent to those who come, who are told that the state is older by as much. */
const BEAT_LASTS_MS = 2;

/** Keeps at most about `capacity` characters, and those only until they are told to be forgotten. */
export function createPreparedFrames(replica: Replica, capacity = 64 * 1024 * 1024): PreparedFrames {
  const snapshots = new Map<FilteredTopic, Frame>();
  const replays = new Map<FilteredTopic, Replay>();
  const beats = new Map<FilteredTopic, Beat>();
  let kept = 0;

  const forget = () => {
    snapshots.clear();
    replays.clear();
    beats.clear();
    kept = 0;
  };
  const keep = (frames: readonly Frame[]) => {
    const length = frames.reduce((sum, { text }) => sum + text.length, 0);
    if (kept + length > capacity) forget();
    kept += length;
  };

  const isPresent = ({ bookmark }: Frame): boolean => {
    const { generation, revision } = replica.current!.snapshot;
    return bookmark.revision === revision && bookmark.generation === generation;
  };
  const snapshot = (of: FilteredTopic): Frame => {
    const now = replica.current!.snapshot;
    const held = snapshots.get(of);
    if (held && isPresent(held)) return held;
    const frame = snapshotFrame(of.topic, now);
    keep([frame]);
    snapshots.set(of, frame);
    return frame;
  };

  /** `undefined` where they are no longer held, or where the state has been taken back to before `since`. */
  const missedSince = (since: number) => {
    const { snapshot, history } = replica.current!;
    return since > snapshot.revision ? undefined : history.after(since);
  };

  return {
    snapshot,
    heartbeat: (of, reconnectWindowMs) => {
      const held = beats.get(of);
      const now = performance.now();
      if (held && isPresent(held.frame) && now - held.madeAt < BEAT_LASTS_MS) return held.frame;
      const { current, age } = replica;
      const told = { ageMs: age.ms() + BEAT_LASTS_MS, state: age.state() };
      const frame = heartbeatFrame(of.topic, current!.snapshot, told, reconnectWindowMs);
      beats.set(of, { frame, madeAt: now });
      return frame;
    },
    renewal: (of, reason) => [resetFrame(of.topic, replica.current!.snapshot, reason), snapshot(of)],
    replay: (of, since) => {
      const missed = missedSince(since);
      if (!missed) return undefined;
      const { generation } = replica.current!.snapshot;
      let replay = replays.get(of);
      if (!replay || replay.from > since) {
        replay = { from: since, frames: replayFrames(of.topic, of.filter, generation, missed) };
        keep(replay.frames);
        replays.set(of, replay);
      }
      const seen = replay.frames.findLastIndex(({ bookmark }) => bookmark.revision <= since);
      return replay.frames.slice(seen + 1);
    },
    conflated: (of, since) => {
      const missed = missedSince(since);
      if (!missed) return undefined;
      const changes = netChanges(missed, of.filter);
      if (!changes) return [];
      const { generation, revision } = replica.current!.snapshot;
      return [updateFrame(of.topic, generation, revision, changes, since)];
    },
    unchanged: ({ topic }, since) => {
      const { generation, revision } = replica.current!.snapshot;
      return updateFrame(topic, generation, revision, [], since);
    },
    updated: (of, update) => {
      const replay = replays.get(of);
      if (!replay) return;
      replay.frames.push(update);
      kept += update.text.length;
    },
    forget,
  };
}
