/** The streams of this node: who is in, who must leave and why, and what they say. */
import { type AckMessage, type AckRequest, errorRow, ServiceError } from '@quantivista/contracts';
import { createRateLimit, type RateLimit } from '@quantivista/runtime';
import type { Replica } from '../../follow/replica.ts';
import type { ReadAccess } from '../read-access.ts';
import { ACK_BURST, ACKS_PER_SECOND, parseAck } from './acks.ts';
import type { Admission, Admitted } from './admit.ts';
import type { AudienceRecord, Watcher } from './audience.ts';
import { createBacklog } from './backlog.ts';
import { closeReason } from './close-reason.ts';
import { createEntitled } from './entitled.ts';
import { createInstances } from './instances.ts';
import { createNotices, type NoticeSource } from './notices.ts';
import { endOneByOne } from './one-by-one.ts';
import { createPublisher } from './publisher.ts';
import type { Transport, WatchSocket } from './socket.ts';
import { topicResource } from './topic.ts';

export interface HubOptions {
  readonly replica: Replica;
  readonly heartbeatMs: number;
  /** Tells when rights have changed. */
  readonly access?: Pick<ReadAccess, 'listen'>;
  /** Told of who watches and what they say. */
  readonly audience?: Pick<AudienceRecord, 'joined' | 'left' | 'acknowledged'>;
  /** Of streams that are told of more than configuration. */
  readonly notices?: NoticeSource;
  /** With more waiting in its socket a stream lags. @default 256 KiB */
  readonly softLimitBytes?: number;
  /** Within this time what waits in a socket must leave, or a soft limit's worth of it. @default 30 s */
  readonly writeTimeoutMs?: number;
  /** All that may wait in all sockets. @default 256 MiB */
  readonly budgetBytes?: number;
  /** Streams end after this time, by a fifth more or less. @default 30 min */
  readonly maxAgeMs?: number;
  /** At the node's end its streams end one by one within this time. @default 3 s */
  readonly drainMs?: number;
  /** How often those that lag are looked after. @default 100 ms */
  readonly sweepMs?: number;
}

export interface Hub {
  /** Open streams. */
  readonly watchers: number;
  readonly watchersBy: Readonly<Record<Transport, number>>;
  /** Streams that lag now. */
  readonly lagging: number;
  /** Times that a stream was told of several changes as one. */
  readonly conflated: number;
  /** Streams ended because their clients did not read. */
  readonly dropped: number;
  /** Streams ended because they were not allowed any more. */
  readonly revoked: number;
  /** Bytes that wait in sockets. */
  readonly bufferedBytes: number;
  /** No stream may begin: the node is ending. */
  readonly draining: boolean;
  /** A client whose stream ends comes back after a random time below this. */
  reconnectWindowMs(): number;
  /** Send what the socket needs first, then everything that follows. Admissions take turns, and so do these. */
  join(socket: WatchSocket, admission: Admitted): void;
  leave(socket: WatchSocket): void;
  /** A client's message; `undefined` for one that is no text. */
  receive(socket: WatchSocket, message: string | undefined): void;
  /** @throws ServiceError `not_found` where no such stream is open here, `revision_not_reached` */
  acknowledge(request: AckRequest): void;
  /** End every stream with 1012, in any order, within the time for it: other nodes go on. */
  drain(): Promise<void>;
}

type EndCode = 'overloaded' | 'shutting_down' | 'invalid_request' | 'unauthenticated' | 'forbidden';

interface Member {
  /** Absent of a stream of notices. */
  readonly watcher: Watcher | undefined;
  readonly age: NodeJS.Timeout;
  /** Made at the first message. */
  messages: RateLimit | undefined;
}

const MIN_WINDOW_MS = 1_000;
/** Streams that may come back a second, on the average of the window. */
const RETURNS_PER_SECOND = 2_000;
const MIB = 1024 * 1024;
const NOBODY: NonNullable<HubOptions['audience']> = { joined() {}, left() {}, acknowledged() {} };

export function createHub(options: HubOptions): Hub {
  const { replica, heartbeatMs, audience = NOBODY } = options;
  const { softLimitBytes = MIB / 4, writeTimeoutMs = 30_000, budgetBytes = 256 * MIB } = options;
  const { maxAgeMs = 30 * 60_000, drainMs = 3_000, sweepMs = 100 } = options;
  const members = new Map<WatchSocket, Member>();
  const instances = createInstances();
  const watchersBy: Record<Transport, number> = { websocket: 0, sse: 0 };
  let dropped = 0;
  let revoked = 0;
  /** How many there were when the node began to end: all of them will come back. */
  let drained: number | undefined;

  const reconnectWindowMs = () =>
    Math.max(MIN_WINDOW_MS, Math.ceil(((drained ?? members.size) / RETURNS_PER_SECOND) * 1_000));

  const backlog = createBacklog({
    softLimitBytes,
    writeTimeoutMs,
    budgetBytes,
    onExcess: (socket, why) => {
      if (!members.has(socket)) return;
      dropped++;
      end(socket, 'overloaded', why);
      if (why === 'over_budget') socket.destroy();
    },
  });
  const publisher = createPublisher({ replica, backlog, softLimitBytes, heartbeatMs, reconnectWindowMs });
  const notices =
    options.notices &&
    createNotices({
      source: options.notices,
      backlog,
      softLimitBytes,
      heartbeatMs,
      onRevoked: socket => end(socket, 'unauthenticated', 'unauthenticated'),
    });

  const leave = (socket: WatchSocket) => {
    const member = members.get(socket);
    if (!member) return;
    members.delete(socket);
    watchersBy[socket.transport]--;
    clearTimeout(member.age);
    backlog.forget(socket);
    if (!member.watcher) return notices?.leave(socket);
    publisher.leave(socket);
    entitled.leave(socket);
    instances.remove(member.watcher);
    audience.left(member.watcher);
  };
  /** End a stream with the close code of `code`. */
  function end(socket: WatchSocket, code: EndCode, why: string) {
    leave(socket);
    socket.close(errorRow(code).close!, closeReason(why, reconnectWindowMs()));
  }

  const entitled = createEntitled((socket, why) => {
    if (!members.has(socket)) return;
    revoked++;
    end(socket, 'forbidden', why);
  });
  options.access?.listen(() => {
    entitled.look();
    notices?.look();
  });

  const isReached = (revision: number) => revision <= (replica.current?.snapshot.revision ?? -1);
  const sweep = setInterval(() => {
    for (const socket of backlog.sockets) backlog.look(socket);
    publisher.resume();
    notices?.resume();
  }, sweepMs);

  return {
    watchersBy,
    get watchers() {
      return members.size;
    },
    get lagging() {
      return publisher.lagging + (notices?.lagging ?? 0);
    },
    get conflated() {
      return publisher.conflated;
    },
    get dropped() {
      return dropped;
    },
    get revoked() {
      return revoked;
    },
    get bufferedBytes() {
      return backlog.bytes;
    },
    get draining() {
      return drained !== undefined;
    },
    reconnectWindowMs,

    join: (socket, admission) => {
      const ageMs = maxAgeMs * (0.8 + Math.random() * 0.4);
      const age = setTimeout(() => end(socket, 'shutting_down', 'max_age'), ageMs);
      const watcher = 'topic' in admission ? watcherOf(admission) : undefined;
      members.set(socket, { watcher, age, messages: undefined });
      watchersBy[socket.transport]++;
      if (watcher) {
        instances.add(watcher);
        audience.joined(watcher);
      }
      if (drained !== undefined) return end(socket, 'shutting_down', 'shutting_down');
      if (!('topic' in admission)) return notices?.enter(socket, admission.tokenHash);
      const { topic, since, reader } = admission;
      if (reader && !reader.decide(topicResource(topic)).allowed)
        return end(socket, 'forbidden', 'not allowed any more');
      publisher.enter({ socket, topic, since });
      if (reader) entitled.join(socket, reader, topic);
    },
    leave,

    receive: (socket, message) => {
      const member = members.get(socket);
      if (!member?.watcher) return;
      member.messages ??= createRateLimit({ perSecond: ACKS_PER_SECOND, burst: ACK_BURST });
      if (!member.messages.take()) return end(socket, 'invalid_request', 'too many messages');
      const ack = parseAck(message);
      if (typeof ack === 'string') return end(socket, 'invalid_request', ack);
      if (!isReached(ack.revision))
        return end(socket, 'invalid_request', 'ack.revision: is not reached here');
      audience.acknowledged(member.watcher, ack);
    },
    acknowledge: ({ environment, service_name: service, instance_id, ...said }) => {
      const alike = instances.find({ environment, service }, instance_id);
      if (!alike) throw new ServiceError('not_found', { message: 'no such stream is open at this node' });
      if (!isReached(said.revision)) throw new ServiceError('revision_not_reached');
      const ack: AckMessage = { type: 'ack', ...said };
      for (const watcher of alike) audience.acknowledged(watcher, ack);
    },

    drain: async () => {
      drained = members.size;
      await endOneByOne(members.keys(), drainMs, socket => {
        if (members.has(socket)) end(socket, 'shutting_down', 'shutting_down');
      });
      clearInterval(sweep);
      publisher.stop();
      notices?.stop();
    },
  };
}

const watcherOf = ({ topic, instanceId }: Admission): Watcher => ({ topic, instanceId });
