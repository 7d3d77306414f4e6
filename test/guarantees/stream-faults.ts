/** Faults in what a watcher receives, and in which order. */
import type { UpdateFrame } from '@quantivista/contracts';
import { newestSeen, type WatchEvent } from './history.ts';
import { type Frame, inEvents, isFrame, isUpdate, updatesOf, withUpdates } from './plant.ts';
import type { PlantedFault } from './planted-fault.ts';

/** Not at the very end: a change that is the last one seen can't be missed. */
const isFollowed = (events: readonly WatchEvent[], at: number): boolean =>
  newestSeen(events.slice(at + 1)) > (events[at] as Frame).frame.revision;

export const STREAM_FAULTS: readonly PlantedFault[] = [
  {
    name: 'a dropped revision',
    breaks: 'Reliable',
    mayBreak: ['Resumable', 'Bookmarkable'],
    plant: inEvents(
      (events, at) =>
        isUpdate(events[at]) &&
        isFollowed(events, at) &&
        !isFrame(events[at + 2], 'reset') &&
        isUpdate(events[at + 1]),
      () => [],
    ),
  },
  {
    name: 'a duplicated frame',
    breaks: 'Unique',
    plant: inEvents(
      (events, at) => isUpdate(events[at]),
      (events, at) => [events[at]!, events[at]!],
    ),
  },
  {
    name: 'a frame again, after others',
    breaks: 'Unique',
    mayBreak: ['Ordered'],
    plant: inEvents(
      (events, at) => isUpdate(events[at]) && isUpdate(events[at + 1]),
      (events, at) => [events[at]!, events[at + 1]!, events[at]!],
      2,
    ),
  },
  {
    name: 'an update of what the snapshot held',
    breaks: 'Unique',
    mayBreak: ['Atomic', 'StatesExisted'],
    plant: inEvents(
      (events, at) => isFrame(events[at], 'snapshot') && isUpdate(events[at + 1]),
      (events, at) => {
        const update = events[at + 1] as Frame;
        const { revision } = (events[at] as Frame).frame;
        return [events[at]!, { ...update, frame: { ...update.frame, revision } }];
      },
    ),
  },
  {
    name: 'two frames swapped',
    breaks: 'Ordered',
    mayBreak: ['Resumable'],
    plant: inEvents(
      (events, at) => isUpdate(events[at]) && isUpdate(events[at + 1]),
      (events, at) => [events[at + 1]!, events[at]!],
      2,
    ),
  },
  {
    name: 'half a transaction',
    breaks: 'Atomic',
    plant: inEvents(
      (events, at) => updatesOf(events[at]).length > 1,
      (events, at) => [withUpdates(events[at] as Frame, updatesOf(events[at]).slice(1))],
    ),
  },
  {
    name: 'a transaction in two frames',
    breaks: 'Atomic',
    mayBreak: ['Unique'],
    plant: inEvents(
      (events, at) => updatesOf(events[at]).length > 1,
      (events, at) => {
        const [first, ...rest] = updatesOf(events[at]);
        const event = events[at] as Frame;
        return [withUpdates(event, [first!]), withUpdates(event, rest)];
      },
    ),
  },
  {
    name: 'two transactions in one frame',
    breaks: 'Atomic',
    mayBreak: ['Reliable', 'Resumable', 'Bookmarkable', 'StatesExisted'],
    plant: inEvents(
      (events, at) => isUpdate(events[at]) && isUpdate(events[at + 1]),
      (events, at) => {
        const later = events[at + 1] as Frame;
        return [withUpdates(later, [...updatesOf(events[at]), ...updatesOf(later)])];
      },
      2,
    ),
  },
  {
    name: 'a resume past a gap',
    breaks: 'Resumable',
    mayBreak: ['Reliable', 'Bookmarkable'],
    plant: inEvents(
      (events, at) => events[at]?.kind === 'connect' && isUpdate(events[at + 1]) && isUpdate(events[at + 2]),
      (events, at) => [events[at]!],
      2,
    ),
  },
  {
    name: 'a resume with what was seen before',
    breaks: 'Resumable',
    mayBreak: ['Unique'],
    plant: inEvents(
      (events, at) => at > 0 && events[at]?.kind === 'connect' && isUpdate(events[at - 1]),
      (events, at) => [events[at]!, events[at - 1]!],
    ),
  },
  {
    name: 'a resume with a snapshot that no reset announced',
    breaks: 'Resumable',
    plant: inEvents(
      (events, at) => isFrame(events[at], 'reset'),
      () => [],
    ),
  },
  {
    name: 'a heartbeat beyond an undelivered change',
    breaks: 'Bookmarkable',
    mayBreak: ['Resumable'],
    plant: inEvents(
      (events, at) => isUpdate(events[at]),
      (events, at) => {
        const { node, at: time, frame } = events[at] as Frame;
        const { updates: _, ...head } = frame as UpdateFrame;
        return [
          {
            kind: 'frame',
            node,
            at: time,
            frame: { ...head, type: 'heartbeat', age: 0, state: 'FRESH', reconnect_window_ms: 1_000 },
          },
          events[at]!,
        ];
      },
    ),
  },
  {
    name: 'a heartbeat that goes back',
    breaks: 'Bookmarkable',
    plant: inEvents(
      (events, at) => isUpdate(events[at]),
      (events, at) => {
        const { node, at: time, frame } = events[at] as Frame;
        const { updates: _, ...head } = frame as UpdateFrame;
        const revision = head.revision - 1;
        return [
          events[at]!,
          {
            kind: 'frame',
            node,
            at: time,
            frame: {
              ...head,
              revision,
              type: 'heartbeat',
              age: 0,
              state: 'FRESH',
              reconnect_window_ms: 1_000,
            },
          },
        ];
      },
    ),
  },
];
