/**
 * Where one child stands in this node's history. It reads the history that all share, so a child that is slow
 * costs no queue: only its place.
 */
import { HEARTBEAT_KEY, type RevisionLine, type Scope } from '@quantivista/contracts';
import type { Change } from '@quantivista/region';
import type { Loaded } from '../../follow/replica.ts';

export interface Cursor {
  /** Up to here the child has been told all. */
  readonly told: number;
  /** The next revision with anything for this child; `compacted` where the history no longer reaches back. */
  next(loaded: Loaded): RevisionLine | 'compacted' | undefined;
  /** The newest revision, without changes: for after the last one, where it has not been told. */
  advance(loaded: Loaded): RevisionLine;
}

/** A cursor that has seen everything up to `since`, for a child that holds `scope`. */
export function createCursor(since: number, scope: Scope): Cursor {
  let told = since;
  /** Up to here the history has been read; what lies between is not for this child. */
  let read = since;

  const tell = (revision: number, changes: readonly Pick<Change, 'key' | 'value'>[]): RevisionLine => {
    told = revision;
    return { revision, changes: changes.map(({ key, value }) => ({ key, value: value ?? null })) };
  };
  /** The newest heartbeat: where it comes before `revision`, and was not told. The history holds none. */
  const heartbeatBefore = ({ snapshot }: Loaded, revision: number): RevisionLine | undefined => {
    const beat = snapshot.stored(HEARTBEAT_KEY);
    return beat && beat.modRevision > told && beat.modRevision < revision
      ? tell(beat.modRevision, [beat])
      : undefined;
  };

  return {
    get told() {
      return told;
    },
    next: loaded => {
      const { snapshot, history } = loaded;
      for (;;) {
        if (read < history.floor) return 'compacted';
        const entry = history.next(read);
        const beat = heartbeatBefore(loaded, entry?.revision ?? Number.POSITIVE_INFINITY);
        if (beat) return beat;
        if (!entry) {
          read = snapshot.revision;
          return undefined;
        }
        read = entry.revision;
        const changes = scope.changes(entry.changes);
        if (changes.length > 0) return tell(entry.revision, changes);
      }
    },
    advance: ({ snapshot }) => tell(snapshot.revision, []),
  };
}
