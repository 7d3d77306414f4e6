/** The newest changes, kept so that a watcher can go on from where it was. */
import type { Change } from '@quantivista/region';

/** One revision's changes. */
export interface HistoryEntry {
  readonly revision: number;
  readonly changes: readonly Change[];
}

export interface HistoryLimits {
  /** Up to twice as many revisions are held: they are let go in halves, not at every push. */
  readonly length: number;
  /** About so much memory is used at the most, and half of it at least before any is let go. @default 64 MiB */
  readonly bytes?: number;
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

/** What a revision and each of its changes need besides texts. */
const ENTRY_BYTES = 200;

const bytesOf = ({ changes }: HistoryEntry): number =>
  changes.reduce(
    (sum, { key, value = '', previous = '' }) =>
      sum + ENTRY_BYTES + key.length + value.length + previous.length,
    ENTRY_BYTES,
  );

export function createHistory(
  floor: number,
  { length, bytes: mostBytes = 64 * 1024 * 1024 }: HistoryLimits,
): History {
  let entries: HistoryEntry[] = [];
  let held = floor;
  let bytes = 0;

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

  /** Let go of the oldest, down to half of either limit, never of the newest. */
  const trim = () => {
    let dropped = 0;
    while (dropped < entries.length - 1 && (entries.length - dropped > length || bytes > mostBytes / 2))
      bytes -= bytesOf(entries[dropped++]!);
    held = entries[dropped - 1]?.revision ?? held;
    entries = entries.slice(dropped);
  };

  return {
    get floor() {
      return held;
    },
    push: entry => {
      entries.push(entry);
      bytes += bytesOf(entry);
      if (entries.length >= 2 * length || bytes > mostBytes) trim();
    },
    after: revision => (revision < held ? undefined : entries.slice(indexAfter(revision))),
    next: revision => entries[indexAfter(revision)],
  };
}
