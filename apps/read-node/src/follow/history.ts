/** The newest changes, kept so that a watcher can go on from where it was. */
import type { Change } from '@quantivista/region';

/** One revision's changes. */
export interface HistoryEntry {
  readonly revision: number;
  readonly changes: readonly Change[];
}

export interface History {
  /** From this revision on (exclusive) every change is held. */
  readonly floor: number;
  push(entry: HistoryEntry): void;
  /** The entries after `revision`, oldest first; `undefined` where some of them are no longer held. */
  after(revision: number): readonly HistoryEntry[] | undefined;
  /** The first of them alone; `undefined` where there is none. */
  next(revision: number): HistoryEntry | undefined;
}

/** Holds between `capacity` and twice as many revisions: it is trimmed in halves, not at every push. */
export function createHistory(floor: number, capacity: number): History {
  let entries: HistoryEntry[] = [];
  let held = floor;

  const indexAfter = (revision: number): number => {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    get floor() {
      return held;
    },
    push: entry => {
      entries.push(entry);
      if (entries.length < 2 * capacity) return;
      held = entries[capacity - 1]!.revision;
      entries = entries.slice(capacity);
    },
    after: revision => (revision < held ? undefined : entries.slice(indexAfter(revision))),
    next: revision => entries[indexAfter(revision)],
  };
}
