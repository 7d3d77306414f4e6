/**
 * What waits in the sockets because their clients read too slowly, each and together. Knows who is too slow;
 * what is done about it is the hub's.
 */
import type { WatchSocket } from './socket.ts';

export interface BacklogOptions {
  /** With more waiting a stream is no longer sent each frame. */
  readonly softLimitBytes: number;
  /** Within this time what waits must leave, or a soft limit's worth of it. */
  readonly writeTimeoutMs: number;
  /** All that may wait in all sockets. */
  readonly budgetBytes: number;
  /** Called for a stream that is `too_slow`, or that has to go because all together are `over_budget`. */
  readonly onExcess: (socket: WatchSocket, why: 'too_slow' | 'over_budget') => void;
  /** @default performance.now */
  readonly now?: () => number;
}

export interface Backlog {
  /** Bytes that waited in all sockets when each was last looked at. */
  readonly bytes: number;
  /** Sockets in which something waits. */
  readonly sockets: Iterable<WatchSocket>;
  /** `bytes` were handed to the socket. */
  wrote(socket: WatchSocket, bytes: number): void;
  /** Look at a socket; answers what waits in it. Call it every now and then: time passes only here. */
  look(socket: WatchSocket): number;
  /** The socket is gone. */
  forget(socket: WatchSocket): void;
}

interface Waiting {
  bytes: number;
  /** Bytes written since something began to wait. */
  written: number;
  /** This many must have left the socket by the deadline. */
  target: number;
  deadline: number;
}

export function createBacklog(options: BacklogOptions): Backlog {
  const { softLimitBytes, writeTimeoutMs, budgetBytes, onExcess, now = () => performance.now() } = options;
  const waiting = new Map<WatchSocket, Waiting>();
  let total = 0;

  const forget = (socket: WatchSocket) => {
    total -= waiting.get(socket)?.bytes ?? 0;
    waiting.delete(socket);
  };
  /** What waits in the socket now, taken into the account. */
  const measure = (socket: WatchSocket): number => {
    const bytes = socket.bufferedBytes();
    const entry = waiting.get(socket);
    if (bytes === 0) {
      forget(socket);
      return 0;
    }
    total += bytes - (entry?.bytes ?? 0);
    if (entry) entry.bytes = bytes;
    else {
      const target = Math.min(bytes, softLimitBytes);
      waiting.set(socket, { bytes, written: bytes, target, deadline: now() + writeTimeoutMs });
    }
    return bytes;
  };
  const isLate = (socket: WatchSocket): boolean => {
    const entry = waiting.get(socket);
    if (!entry) return false;
    const left = entry.written - entry.bytes;
    if (left >= entry.target) {
      entry.target = left + Math.min(entry.bytes, softLimitBytes);
      entry.deadline = now() + writeTimeoutMs;
      return false;
    }
    return now() >= entry.deadline;
  };
  /** End the slowest, those whose time runs out first, until the rest is within the budget. */
  const shed = () => {
    for (const socket of waiting.keys()) measure(socket);
    if (total <= budgetBytes) return;
    for (const [socket] of [...waiting].sort(([, a], [, b]) => a.deadline - b.deadline)) {
      if (total <= budgetBytes) return;
      forget(socket);
      onExcess(socket, 'over_budget');
    }
  };

  return {
    get bytes() {
      return total;
    },
    get sockets() {
      return waiting.keys();
    },
    wrote: (socket, bytes) => {
      const entry = waiting.get(socket);
      if (entry) entry.written += bytes;
      measure(socket);
      if (total > budgetBytes) shed();
    },
    look: socket => {
      const bytes = measure(socket);
      if (isLate(socket)) {
        forget(socket);
        onExcess(socket, 'too_slow');
      }
      return bytes;
    },
    forget,
  };
}
