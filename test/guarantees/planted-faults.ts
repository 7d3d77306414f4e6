/** One fault of each kind, to be planted in a correct history: what the checks must not let pass. */
import type { AppliedUpdate, UpdateFrame } from '@quantivista/contracts';
import { OTHER_GENERATION } from './correct-history.ts';
import { type History, newestSeen, type Read, type WatchEvent, type Watcher } from './history.ts';
import type { Guarantee } from './violation.ts';

export interface PlantedFault {
  readonly name: string;
  /** What the checks must name. */
  readonly breaks: Guarantee;
  /** What the same fault may break besides. */
  readonly mayBreak?: readonly Guarantee[];
  /** The history with the fault, at one of the places for it; `undefined` where there is none. */
  plant(history: History, choice: number): History | undefined;
}

type Frame = Extract<WatchEvent, { kind: 'frame' }>;
type Updates = readonly AppliedUpdate[];

const isFrame = (event: WatchEvent | undefined, type: string): event is Frame =>
  event?.kind === 'frame' && event.frame.type === type;
const isUpdate = (event: WatchEvent | undefined) => isFrame(event, 'update');
const updatesOf = (event: WatchEvent | undefined): Updates =>
  isUpdate(event) ? (event.frame as UpdateFrame).updates : [];
const withUpdates = (event: Frame, updates: Updates): Frame => ({
  ...event,
  frame: { ...event.frame, updates } as UpdateFrame,
});

/** Replace `count` events of one watcher, at one of the places that `fits`, by what `replace` makes of them. */
function inEvents(
  fits: (events: readonly WatchEvent[], at: number) => boolean,
  replace: (events: readonly WatchEvent[], at: number) => readonly WatchEvent[],
  count = 1,
) {
  return (history: History, choice: number): History | undefined => {
    const places = history.watchers.flatMap(watcher =>
      watcher.events.flatMap((_, at) => (fits(watcher.events, at) ? [{ watcher, at }] : [])),
    );
    const place = places[choice % places.length];
    if (!place) return undefined;
    const events = place.watcher.events.toSpliced(
      place.at,
      count,
      ...replace(place.watcher.events, place.at),
    );
    const watchers = history.watchers.map(
      (each): Watcher => (each === place.watcher ? { ...each, events } : each),
    );
    return { ...history, watchers };
  };
}

/** Replace one read that is not the first of its life. */
function inReads(replace: (read: Read, before: Read) => Read) {
  return (history: History, choice: number): History => {
    const lives = [...history.lives];
    const at = choice % lives.length;
    const { reads } = lives[at]!;
    const n = 1 + (choice % (reads.length - 1));
    lives[at] = { ...lives[at]!, reads: reads.with(n, replace(reads[n]!, reads[n - 1]!)) };
    return { ...history, lives };
  };
}

/** Change one update within a frame. */
const inUpdate = (change: (update: AppliedUpdate) => AppliedUpdate) =>
  inEvents(
    (events, at) => isUpdate(events[at]),
    (events, at) => {
      const [first, ...rest] = updatesOf(events[at]);
      return [withUpdates(events[at] as Frame, [change(first!), ...rest])];
    },
  );

/** Not at the very end: a change that is the last one seen can't be missed. */
const isFollowed = (events: readonly WatchEvent[], at: number): boolean =>
  newestSeen(events.slice(at + 1)) > (events[at] as Frame).frame.revision;

export const PLANTED_FAULTS: readonly PlantedFault[] = [
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
          { kind: 'frame', node, at: time, frame: { ...head, type: 'heartbeat', age: 0 } },
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
          { kind: 'frame', node, at: time, frame: { ...head, revision, type: 'heartbeat', age: 0 } },
        ];
      },
    ),
  },
  {
    name: 'a wrong value',
    breaks: 'StatesExisted',
    plant: inUpdate(update => ({ ...update, new_value: 'made up' })),
  },
  {
    name: 'a wrong old value',
    breaks: 'StatesExisted',
    plant: inUpdate(update => ({ ...update, old_value: 'made up' })),
  },
  {
    name: 'a wrong version',
    breaks: 'StatesExisted',
    plant: inUpdate(update => ({ ...update, version: update.version + 1 })),
  },
  {
    name: 'a deletion told as null',
    breaks: 'StatesExisted',
    plant: inUpdate(update => ({ ...update, deleted: !update.deleted })),
  },
  {
    name: 'an update in a revision that changed nothing',
    breaks: 'StatesExisted',
    mayBreak: ['Ordered', 'Unique', 'Reliable', 'Resumable', 'Bookmarkable'],
    plant: inEvents(
      (events, at) => isUpdate(events[at]),
      (events, at) => {
        const event = events[at] as Frame;
        return [{ ...event, frame: { ...event.frame, revision: 1 } }];
      },
    ),
  },
  {
    name: 'a snapshot that never was',
    breaks: 'StatesExisted',
    plant: inEvents(
      (events, at) => isFrame(events[at], 'snapshot') && Object.keys(snapshotOf(events[at])).length > 0,
      (events, at) => {
        const event = events[at] as Frame;
        const [, ...rest] = Object.entries(snapshotOf(event));
        return [{ ...event, frame: { ...event.frame, configurations: Object.fromEntries(rest) } as never }];
      },
    ),
  },
  {
    name: 'a frame of another generation',
    breaks: 'StatesExisted',
    plant: inEvents(
      (events, at) => isUpdate(events[at]),
      (events, at) => {
        const event = events[at] as Frame;
        return [{ ...event, frame: { ...event.frame, generation: OTHER_GENERATION } }];
      },
    ),
  },
  {
    name: 'a frame of another service',
    breaks: 'StatesExisted',
    plant: inEvents(
      (events, at) => isUpdate(events[at]),
      (events, at) => {
        const event = events[at] as Frame;
        return [{ ...event, frame: { ...event.frame, service_name: 'another' } }];
      },
    ),
  },
  {
    name: 'a served state that never was',
    breaks: 'StatesExisted',
    plant: inReads(read => ({ ...read, map: { ...read.map, 'key-9': 'made up' } })),
  },
  {
    name: 'a served revision that was never reached',
    breaks: 'StatesExisted',
    mayBreak: ['NeverBack'],
    plant: inReads(read => ({ ...read, revision: read.revision + 1_000 })),
  },
  {
    name: 'a node that goes back',
    breaks: 'NeverBack',
    plant: (history, choice) => {
      const lives = [...history.lives];
      const at = choice % lives.length;
      const { reads } = lives[at]!;
      const n = 1 + (choice % (reads.length - 1));
      lives[at] = { ...lives[at]!, reads: reads.with(n, reads[n - 1]!).with(n - 1, reads[n]!) };
      return { ...history, lives };
    },
  },
  {
    name: 'an acknowledged write that is not in the store',
    breaks: 'Acknowledged',
    plant: history => {
      const [first] = history.writes;
      return { ...history, writes: [...history.writes, { ...first!, id: 'lost' }] };
    },
  },
  {
    name: 'a write acknowledged at another revision',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', write => ({ ...write, outcome: { kind: 'acknowledged', revision: 1 } })),
  },
  {
    name: 'a refused write that is in the store',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', write => ({ ...write, outcome: { kind: 'refused' } })),
  },
  {
    name: 'a write of unknown outcome that stands in part',
    breaks: 'Acknowledged',
    plant: inWrites('unknown', write => ({
      ...write,
      changes: [...write.changes, { ...write.changes[0]!, key: 'key-9', to: 'value', value: 1 }],
    })),
  },
  {
    name: 'another value than the one acknowledged',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', write => ({
      ...write,
      changes: write.changes.map(change => ({ ...change, to: 'value', value: 'another' })),
    })),
  },
  {
    name: 'a revision that no one wrote',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', () => undefined),
  },
  {
    name: 'a write that took effect before one acknowledged earlier',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', write => ({ ...write, sentAt: 1e6, answeredAt: 1e6 + 1 })),
  },
];

const snapshotOf = (event: WatchEvent | undefined): object =>
  isFrame(event, 'snapshot') && event.frame.type === 'snapshot' ? event.frame.configurations : {};

type OneWrite = History['writes'][number];

/** Replace one write of that outcome, but not the last of them, or take it out. */
function inWrites(kind: OneWrite['outcome']['kind'], replace: (write: OneWrite) => OneWrite | undefined) {
  return (history: History, choice: number): History => {
    const places = history.writes.filter(write => write.outcome.kind === kind).slice(0, -1);
    const place = places[choice % places.length];
    const writes = history.writes.flatMap(write => (write === place ? (replace(write) ?? []) : [write]));
    return { ...history, writes };
  };
}
