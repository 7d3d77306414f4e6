/**
 * Up to 250 sockets that are written together. Writing to thousands at a stretch would hold up every read
 * for as long; so each shard takes a turn of the event loop, and what gathers meanwhile leaves in one go.
 */

/** A socket, whichever runtime it belongs to. */
export interface WatchSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Bytes accepted but not yet taken by the network. */
  bufferedBytes(): number;
}

export const SHARD_SIZE = 250;

/** Runs tasks one a turn of the event loop, in order. */
export type Turns = (task: () => void) => void;

export function createTurns(): Turns {
  const tasks: (() => void)[] = [];
  const run = () => {
    tasks.shift()!();
    if (tasks.length > 0) setImmediate(run);
  };
  return task => {
    tasks.push(task);
    if (tasks.length === 1) setImmediate(run);
  };
}

export interface Shard {
  readonly sockets: Set<WatchSocket>;
  /** Send to all, after everything pushed before. */
  push(frame: string): void;
  /** Send now what waits for its turn. */
  flush(): void;
}

export interface ShardOptions {
  /** Absent where frames leave at once: for a topic's first shard, which most topics never outgrow. */
  readonly turns: Turns | undefined;
  readonly maxBufferedBytes: number;
  /** Called for a socket that does not read: more than `maxBufferedBytes` wait for it. */
  readonly drop: (socket: WatchSocket) => void;
}

export function createShard({ turns, maxBufferedBytes, drop }: ShardOptions): Shard {
  const sockets = new Set<WatchSocket>();
  let pending: string[] = [];

  const flush = () => {
    const frames = pending;
    pending = [];
    for (const socket of sockets) {
      if (socket.bufferedBytes() > maxBufferedBytes) drop(socket);
      else for (const frame of frames) socket.send(frame);
    }
  };

  return {
    sockets,
    flush,
    push: frame => {
      pending.push(frame);
      if (!turns) flush();
      else if (pending.length === 1) turns(flush);
    },
  };
}
