/** A watcher of one service: takes the frames of the real hub, and checks that none is missing or comes twice. */
import type { Bookmark, UpdateFrame, WatchFrame } from '@quantivista/contracts';
import type { Frame } from '../../apps/read-node/src/serve/watch/frame.ts';
import type { WatchSocket } from '../../apps/read-node/src/serve/watch/socket.ts';
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

/** A frame goes to many sockets as the same one. */
let parsed: { frame: Frame; content: WatchFrame } | undefined;
function parse(frame: Frame): WatchFrame {
  if (parsed?.frame !== frame) parsed = { frame, content: JSON.parse(frame.text) as WatchFrame };
  return parsed.content;
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
  function update({ revision, conflated_from }: UpdateFrame): void {
    // What its node has not seen one by one: the state at the revision is all that it is told of.
    if (conflated_from !== undefined) {
      change = newest(revision);
      return;
    }
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
    transport: 'websocket',
    send: frames => {
      for (const frame of frames as readonly Frame[]) {
        const content = parse(frame);
        if (content.type === 'update') update(content);
        if (content.type === 'snapshot') change = newest(content.revision);
        if (content.type === 'heartbeat') reconnectWindowMs = content.reconnect_window_ms;
        bookmark = frame.bookmark;
      }
      return frames.reduce((bytes, { size }) => bytes + size, 0);
    },
    close: (_, reason) => {
      ({ reconnect_window_ms: reconnectWindowMs } = JSON.parse(reason) as { reconnect_window_ms: number });
      onClose();
    },
    destroy: () => {},
    bufferedBytes: () => 0,
  };
}
