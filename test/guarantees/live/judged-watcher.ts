/**
 * A watcher's events, judged as they come. A frame may come before the store's own account of its revision is
 * known here: then it waits, and what comes after it waits behind it.
 */
import type { Bookmark } from '@quantivista/contracts';
import type { Topic } from '../history.ts';
import type { Violation } from '../violation.ts';
import { createJourney } from './journey.ts';
import type { Fault, Telling } from './telling.ts';
import type { LiveTruth } from './truth.ts';

/** A violation, and the last frames that its watcher was sent, the one that broke it last. */
export interface Report extends Violation {
  readonly lastFrames: readonly string[];
}

export interface JudgedWatcherOptions {
  readonly id: string;
  readonly topic: Topic;
  readonly truth: LiveTruth;
  readonly report: (report: Report) => void;
}

export interface JudgedWatcher {
  /** All changes up to here are accounted for; -1 before the first snapshot. */
  readonly position: number;
  /** Whether events wait for the truth. */
  readonly waits: boolean;
  connected(node: string, since: Bookmark | undefined): void;
  /** @param mayReset whether anything has happened that excuses a reset */
  received(node: string, telling: Telling, mayReset: boolean): void;
  /** The truth has gone on. */
  proceed(): void;
  /** No more will come: what still waits is of revisions that never were. */
  end(): void;
}

type Event =
  | { readonly node: string; readonly since: Bookmark | undefined }
  | { readonly node: string; readonly telling: Telling; readonly mayReset: boolean };

const LAST_FRAMES = 4;

export function createJudgedWatcher({ id, topic, truth, report }: JudgedWatcherOptions): JudgedWatcher {
  const journey = createJourney(topic, truth);
  const last: Telling[] = [];
  const waiting: Event[] = [];

  const tell = (faults: readonly Fault[], node: string) => {
    for (const fault of faults)
      report({ ...fault, where: `${id} from ${node}`, lastFrames: last.map(({ text }) => text) });
  };
  const judge = (event: Event) => {
    if (!('telling' in event)) return tell(journey.connected(event.since), event.node);
    if (last.push(event.telling) > LAST_FRAMES) last.shift();
    tell(journey.told(event.telling, event.mayReset), event.node);
  };
  const isKnown = (event: Event) => !('telling' in event) || event.telling.frame.revision <= truth.reached;
  const take = (event: Event) => {
    if (waiting.length === 0 && isKnown(event)) judge(event);
    else waiting.push(event);
  };

  return {
    get position() {
      return journey.position;
    },
    get waits() {
      return waiting.length > 0;
    },
    connected: (node, since) => take({ node, since }),
    received: (node, telling, mayReset) => take({ node, telling, mayReset }),
    proceed: () => {
      const blocked = waiting.findIndex(event => !isKnown(event));
      for (const event of waiting.splice(0, blocked < 0 ? waiting.length : blocked)) judge(event);
    },
    end: () => {
      for (const event of waiting.splice(0)) {
        if (isKnown(event)) judge(event);
        else if ('telling' in event) {
          const { type, revision } = event.telling.frame;
          const what = `${type} of ${revision}, which was never reached`;
          tell([{ guarantee: 'StatesExisted', what }], event.node);
        }
      }
    },
  };
}
