/** A watcher of one service: takes the frames of the real hub, and checks that none is missing or comes twice. */
import type { Bookmark, UpdateFrame, WatchFrame } from '@quantivista/contracts';
import type { WatchSocket } from '../../apps/read-node/src/serve/watch/shard.ts';
import { SERVICES, type World } from './world.ts';

export interface Watcher extends WatchSocket {
  readonly service: (typeof SERVICES)[number];
  /** To resume from; `undefined` before the first frame. */
  readonly bookmark: Bookmark | undefined;
  /** As the node said last. */
  readonly reconnectWindowMs: number;
  /** Whether it knows of every change of its service up to the one that is committed now. */
  isCurrent(): boolean;
}

export interface WatcherOptions {
  readonly world: World;
  readonly service: (typeof SERVICES)[number];
  /** The node ended the stream. */
  readonly onClose: () => void;
}

/** A frame goes to many sockets as the same string. */
let parsed: { text: string; frame: WatchFrame } | undefined;
function parse(text: string): WatchFrame {
  if (parsed?.text !== text) parsed = { text, frame: JSON.parse(text) as WatchFrame };
  return parsed.frame;
}

export function createWatcher({ world, service, onClose }: WatcherOptions): Watcher {
  const number = SERVICES.indexOf(service);
  let bookmark: Bookmark | undefined;
  let reconnectWindowMs = 0;
  /** The newest change of its service known here, as the world numbers them. */
  let change = number - SERVICES.length;

  /** The newest change of the service up to a revision. */
  const newest = (revision: number): number => {
    let found = number - SERVICES.length;
    for (const [at, each] of world.changes)
      if (at <= revision && each % SERVICES.length === number) found = Math.max(found, each);
    return found;
  };
  function update({ revision }: UpdateFrame): void {
    const arrived = world.changes.get(revision);
    if (arrived !== change + SERVICES.length)
      world.violated(`a watcher of ${service} got change ${arrived} upon ${change}`);
    change = arrived ?? change;
  }

  return {
    service,
    get bookmark() {
      return bookmark;
    },
    get reconnectWindowMs() {
      return reconnectWindowMs;
    },
    isCurrent: () => change === newest(world.store.revision),
    send: text => {
      const frame = parse(text);
      if (frame.type === 'update') update(frame);
      if (frame.type === 'snapshot') change = newest(frame.revision);
      if (frame.type === 'heartbeat') reconnectWindowMs = frame.reconnect_window_ms;
      bookmark = { generation: frame.generation, revision: frame.revision };
    },
    close: onClose,
    bufferedBytes: () => 0,
  };
}
