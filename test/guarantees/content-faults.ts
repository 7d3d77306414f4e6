/** Faults in what a frame tells, or a read answers, of the store. */
import type { AppliedUpdate } from '@quantivista/contracts';
import { OTHER_GENERATION } from './correct-history.ts';
import type { History, Read, WatchEvent } from './history.ts';
import { type Frame, inEvents, isFrame, isUpdate, updatesOf, withUpdates } from './plant.ts';
import type { PlantedFault } from './planted-fault.ts';

/** Change one update within a frame. */
const inUpdate = (change: (update: AppliedUpdate) => AppliedUpdate) =>
  inEvents(
    (events, at) => isUpdate(events[at]),
    (events, at) => {
      const [first, ...rest] = updatesOf(events[at]);
      return [withUpdates(events[at] as Frame, [change(first!), ...rest])];
    },
  );

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

const snapshotOf = (event: WatchEvent | undefined): object =>
  isFrame(event, 'snapshot') && event.frame.type === 'snapshot' ? event.frame.configurations : {};

export const CONTENT_FAULTS: readonly PlantedFault[] = [
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
];
