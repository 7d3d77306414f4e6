/**
 * One watcher's way along its service's changes: I1, frame by frame, with nothing remembered but where it
 * stands. Whatever it is sent moves it on, wrong or not, so that one fault is reported once.
 */
import type { Bookmark, UpdateFrame, WatchFrame } from '@quantivista/contracts';
import type { Topic } from '../history.ts';
import type { Fault, Telling } from './telling.ts';
import type { LiveTruth } from './truth.ts';

export interface Journey {
  /** All changes up to here are accounted for; -1 before the first snapshot. */
  readonly position: number;
  /** A stream was opened, to go on after `since`. */
  connected(since: Bookmark | undefined): readonly Fault[];
  /**
   * A frame came. The truth must have reached its revision.
   * @param mayReset whether anything has happened that excuses a reset
   */
  told(telling: Telling, mayReset: boolean): readonly Fault[];
}

/** What must come next. */
type Awaited = 'anything' | 'a snapshot' | 'what follows since';

export function createJourney(topic: Topic, truth: LiveTruth): Journey {
  let position = -1;
  let awaited: Awaited = 'anything';
  /** The revisions that were left out last: should one of them come yet, it is late. */
  let leftOut: { after: number; before: number } | undefined;

  const missed = (after: number, upTo: number) => truth.between(topic, after, upTo)[0]?.revision;

  function* move(frame: WatchFrame, mayReset: boolean): Generator<Fault> {
    const { type, revision } = frame;
    const resuming = awaited === 'what follows since';
    if (type === 'reset') {
      if (awaited === 'a snapshot') yield fault('Resumable', 'a reset where a snapshot must come');
      if (!mayReset) yield fault('Resumable', `a reset (${frame.reason}) that nothing excuses`);
      awaited = 'a snapshot';
      return;
    }
    if (type === 'snapshot') {
      if (awaited !== 'a snapshot')
        yield fault('Resumable', `a snapshot of ${revision} that no reset announced`);
      if (revision < position) yield fault('Ordered', `a snapshot of ${revision} after ${position}`);
    } else if (awaited === 'a snapshot')
      yield fault('Resumable', `${type} of ${revision} instead of a snapshot`);
    awaited = 'anything';
    if (type === 'heartbeat') {
      yield* beat(revision, resuming);
      return;
    }
    if (type === 'update') yield* step(frame, resuming);
    position = Math.max(position, revision);
  }

  function* beat(revision: number, resuming: boolean): Generator<Fault> {
    const skipped = missed(position, revision);
    if (revision < position)
      yield fault('Bookmarkable', `heartbeat of ${revision} after ${position} was seen`);
    else if (skipped !== undefined) {
      yield fault('Bookmarkable', `heartbeat of ${revision} before ${skipped} was delivered`);
      if (resuming) yield fault('Resumable', `resumed from ${position} with a heartbeat past ${skipped}`);
    }
    // Where a change is missing, it is still to come.
    else position = revision;
  }

  function* step({ revision, conflated_from: from }: UpdateFrame, resuming: boolean): Generator<Fault> {
    if (revision <= position) {
      const late = leftOut && leftOut.after < revision && revision < leftOut.before;
      const what = `update of ${revision} after ${position}`;
      yield fault(resuming ? 'Resumable' : late ? 'Ordered' : 'Unique', what);
      return;
    }
    // A jump tells everything after `from`; any other update nothing but its own revision.
    const again = from === undefined ? undefined : missed(from, position);
    if (again !== undefined) yield fault('Unique', `conflated from ${from}: ${again} was delivered already`);
    const skipped = missed(position, from ?? revision - 1);
    if (skipped === undefined) return;
    const what = `update of ${revision} after ${position}, without ${skipped}`;
    yield fault('Reliable', what);
    if (resuming) yield fault('Resumable', what);
    leftOut = { after: position, before: revision };
  }

  return {
    get position() {
      return position;
    },
    connected: since => {
      const first = position < 0;
      awaited = since ? 'what follows since' : 'a snapshot';
      if (first) position = since?.revision ?? -1;
      // The watcher itself must ask for what follows the last frame it saw, or the run proves nothing.
      if (first || since?.revision === position) return [];
      return [
        fault('Resumable', `asked for what follows ${since?.revision} although ${position} was seen last`),
      ];
    },
    told: (telling, mayReset) => [...telling.faults(), ...move(telling.frame, mayReset)],
  };
}

const fault = (guarantee: Fault['guarantee'], what: string): Fault => ({ guarantee, what });
