/**
 * Who may go on watching. When rights have changed or someone's time is over, the streams that are not allowed any
 * more are ended, the others noticing nothing. Asked once a reader and topic, however many streams those have.
 */
import type { Reader } from '../reader.ts';
import type { WatchSocket } from './socket.ts';
import { type Topic, topicResource } from './topic.ts';
import { createTurns } from './turns.ts';

export interface Entitled {
  join(socket: WatchSocket, reader: Reader, topic: Topic): void;
  leave(socket: WatchSocket): void;
  /** Rights have changed. */
  look(): void;
}

/** The streams of one reader about one topic. */
interface Group {
  readonly reader: Reader;
  readonly topic: Topic;
  readonly sockets: Set<WatchSocket>;
}
/** The streams of one reader. */
interface Groups {
  readonly byTopic: Map<string, Group>;
  timer: NodeJS.Timeout | undefined;
}

/** Those who must leave may be thousands: reads have their turn between them. */
const SLICE_MS = 1;
/** What a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const nameOf = ({ environment, service, prefix = '' }: Topic) => `${environment}/${service}/${prefix}`;

export function createEntitled(end: (socket: WatchSocket, why: string) => void): Entitled {
  const readers = new Map<Reader, Groups>();
  const groupOf = new Map<WatchSocket, Group>();
  const turns = createTurns(SLICE_MS);

  const check = ({ reader, topic, sockets }: Group) => {
    const decision = reader.decide(topicResource(topic));
    if (decision.allowed) return;
    for (const socket of sockets) turns(() => end(socket, decision.why));
  };
  const checkAll = (groups: Groups) => {
    for (const group of groups.byTopic.values()) check(group);
  };
  /** Another look when the reader's time is over. */
  const schedule = (reader: Reader, groups: Groups) => {
    clearTimeout(groups.timer);
    const leftMs = reader.expiresAtMs - Date.now();
    if (leftMs === Number.POSITIVE_INFINITY) return;
    groups.timer = setTimeout(
      () => {
        checkAll(groups);
        if (readers.get(reader) === groups && reader.isKnown()) schedule(reader, groups);
      },
      Math.min(Math.max(leftMs, 0) + 1, MAX_TIMER_MS),
    );
  };

  return {
    join: (socket, reader, topic) => {
      const groups = readers.get(reader) ?? { byTopic: new Map<string, Group>(), timer: undefined };
      if (!readers.has(reader)) {
        readers.set(reader, groups);
        schedule(reader, groups);
      }
      const name = nameOf(topic);
      const group = groups.byTopic.get(name) ?? { reader, topic, sockets: new Set() };
      groups.byTopic.set(name, group);
      group.sockets.add(socket);
      groupOf.set(socket, group);
    },
    leave: socket => {
      const group = groupOf.get(socket);
      if (!group) return;
      groupOf.delete(socket);
      group.sockets.delete(socket);
      if (group.sockets.size > 0) return;
      const groups = readers.get(group.reader)!;
      groups.byTopic.delete(nameOf(group.topic));
      if (groups.byTopic.size > 0) return;
      clearTimeout(groups.timer);
      readers.delete(group.reader);
    },
    look: () => {
      for (const [reader, groups] of readers) {
        checkAll(groups);
        // A token may have been made anew, with another time.
        schedule(reader, groups);
      }
    },
  };
}
