/**
 * Streams that are told of every change of flags, each time by the whole document. No stream has a queue: one
 * message is on its way, and when it has left, the newest document follows if it is another one.
 */
import type { Credential } from '@quantivista/access';
import { pause } from '@quantivista/runtime';
import type { HeldFlags } from '../flags/held-flags.ts';
import { createTurns } from '../watch/turns.ts';
import { encodeFlags } from './messages.ts';
import type { Selection } from './selector.ts';
import type { FlagdText } from './text.ts';

/** A stream, as the server has it. */
export interface SyncSocket {
  readonly credential: Credential | null;
  /** `left` is called once all of it has left this process. Not called again before that. */
  send(message: Buffer, left: () => void): void;
  /** After what was sent; never with OK, after which clients would not come back. */
  end(code: 'UNAUTHENTICATED' | 'UNAVAILABLE', why: string): void;
  /** Break its connection off. */
  destroy(): void;
}

export interface SyncStreamsOptions {
  readonly flags: HeldFlags;
  /** Whether whoever shows this may have these flags, still. */
  readonly isAllowed: (credential: Credential | null, selection: Selection) => boolean;
  readonly maxAgeMs: number;
  readonly drainMs: number;
  /** Within this time a message must leave. */
  readonly writeTimeoutMs: number;
  /** All that may be on its way; above it the slowest are broken off. */
  readonly budgetBytes: number;
  /** How often rights and slow streams are looked at. @default 1 s */
  readonly sweepMs?: number;
}

export interface SyncStreams {
  readonly open: number;
  readonly draining: boolean;
  /** Streams broken off because their clients did not read. */
  readonly dropped: number;
  /** Bytes on their way. */
  readonly pendingBytes: number;
  /** The message for a selection; `undefined` until a state is held. */
  message(selection: Selection): Buffer | undefined;
  join(socket: SyncSocket, selection: Selection): void;
  leave(socket: SyncSocket): void;
  /** End every stream, in any order, within the time for it. */
  drain(): Promise<void>;
}

interface Member {
  readonly socket: SyncSocket;
  readonly selection: Selection;
  readonly age: NodeJS.Timeout;
  /** Of what it was sent last. */
  tag: string | undefined;
  /** Waits for its turn already. */
  isQueued: boolean;
}
/** A message on its way. */
interface Sending {
  readonly bytes: number;
  readonly sinceMs: number;
}

/** Changes within this time are told at once. */
const COALESCE_MS = 25;
const SLICE_MS = 1;
/** What is on its way no longer than this is not slow, however little room there is. */
const PATIENCE_MS = 1_000;

export function createSyncStreams(options: SyncStreamsOptions): SyncStreams {
  const { flags, isAllowed, maxAgeMs, drainMs, writeTimeoutMs, budgetBytes, sweepMs = 1_000 } = options;
  const members = new Map<SyncSocket, Member>();
  /** The slowest first. */
  const sending = new Map<SyncSocket, Sending>();
  const encoded = new WeakMap<FlagdText, Map<string | undefined, Buffer>>();
  const turns = createTurns(SLICE_MS);
  let pendingBytes = 0;
  let dropped = 0;
  let draining = false;
  let change: NodeJS.Timeout | undefined;

  /** Encoded once for all who select alike. */
  const encode = (text: FlagdText, selection: Selection): Buffer => {
    const made = encoded.get(text) ?? new Map<string | undefined, Buffer>();
    encoded.set(text, made);
    const message = made.get(selection.environment) ?? encodeFlags(text.body, { ...selection });
    made.set(selection.environment, message);
    return message;
  };

  const leave = (socket: SyncSocket) => {
    const member = members.get(socket);
    if (member) clearTimeout(member.age);
    members.delete(socket);
    arrived(socket);
  };
  const arrived = (socket: SyncSocket) => {
    pendingBytes -= sending.get(socket)?.bytes ?? 0;
    sending.delete(socket);
  };
  const end = (socket: SyncSocket, ...how: Parameters<SyncSocket['end']>) => {
    // What is on its way stays counted until it has left, or the connection is gone.
    const member = members.get(socket);
    if (!member) return;
    clearTimeout(member.age);
    members.delete(socket);
    socket.end(...how);
  };
  const drop = (socket: SyncSocket) => {
    dropped++;
    leave(socket);
    socket.destroy();
  };

  const hasRoom = (bytes: number, nowMs: number): boolean => {
    for (const [socket, { sinceMs }] of sending) {
      if (pendingBytes + bytes <= budgetBytes || nowMs - sinceMs < PATIENCE_MS) break;
      drop(socket);
    }
    return pendingBytes === 0 || pendingBytes + bytes <= budgetBytes;
  };
  /** Send what is newest, unless it was sent. Without room it is offered again by the sweep. */
  const offer = (member: Member) => {
    member.isQueued = false;
    const { socket, selection } = member;
    if (!members.has(socket) || sending.has(socket)) return;
    const text = flags.current?.flagdFor(selection.service);
    if (!text || text.tag === member.tag) return;
    const message = encode(text, selection);
    const sinceMs = performance.now();
    if (!hasRoom(message.length, sinceMs)) return;
    member.tag = text.tag;
    sending.set(socket, { bytes: message.length, sinceMs });
    pendingBytes += message.length;
    socket.send(message, () => {
      arrived(socket);
      queue(member);
    });
  };
  const queue = (member: Member) => {
    if (member.isQueued) return;
    member.isQueued = true;
    turns(() => offer(member));
  };
  const tellAll = () => {
    change = undefined;
    for (const member of members.values()) queue(member);
  };
  flags.listen(() => {
    change ??= setTimeout(tellAll, COALESCE_MS);
  });

  const sweep = setInterval(() => {
    const latestMs = performance.now() - writeTimeoutMs;
    for (const [socket, { sinceMs }] of sending) {
      if (sinceMs > latestMs) break;
      drop(socket);
    }
    for (const member of members.values()) {
      if (isAllowed(member.socket.credential, member.selection)) queue(member);
      else end(member.socket, 'UNAUTHENTICATED', 'the token or certificate is not valid any more');
    }
  }, sweepMs);

  return {
    get open() {
      return members.size;
    },
    get draining() {
      return draining;
    },
    get dropped() {
      return dropped;
    },
    get pendingBytes() {
      return pendingBytes;
    },
    message: selection => {
      const text = flags.current?.flagdFor(selection.service);
      return text && encode(text, selection);
    },
    join: (socket, selection) => {
      const ageMs = maxAgeMs * (0.8 + Math.random() * 0.4);
      const age = setTimeout(() => end(socket, 'UNAVAILABLE', 'max_age'), ageMs);
      const member: Member = { socket, selection, age, tag: undefined, isQueued: false };
      members.set(socket, member);
      queue(member);
    },
    leave,
    drain: async () => {
      draining = true;
      clearInterval(sweep);
      clearTimeout(change);
      const leaving = [...members.keys()].sort(() => Math.random() - 0.5);
      const startedAt = performance.now();
      for (const [index, socket] of leaving.entries()) {
        const early = startedAt + (drainMs * (index + 1)) / leaving.length - performance.now();
        if (early > 0) await pause(early);
        end(socket, 'UNAVAILABLE', 'shutting_down');
      }
    },
  };
}
