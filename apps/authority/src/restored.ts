/** Tells a store that was restored from a backup from one that others have changed meanwhile. */

/** A beat as it stands in the store. */
export interface StoredBeat {
  readonly modRevision: number;
  readonly value: string;
  readonly sequence: number;
}

/** What is known of a store in one generation. */
export interface StoreFacts {
  readonly revision: number;
  /** The newest heartbeat; `undefined` where there is none. */
  readonly beat: StoredBeat | undefined;
  /** Revision of the newest write by an authority, 0 for none. */
  readonly commit: number;
}

/**
 * Why `now` can't be a later state of the store that was once in the state `known`; `undefined` where it can.
 * The numbers of a restored store may be set forward, so that its revision alone says nothing: but what was
 * put after the backup is not there any more.
 */
export function whyRestored(known: StoreFacts, now: StoreFacts): string | undefined {
  if (now.revision < known.revision)
    return `the store is at revision ${now.revision}, and was at ${known.revision}`;
  if (now.commit < known.commit)
    return `the newest write is of revision ${now.commit}, and there was one of ${known.commit}`;
  if (!known.beat) return undefined;
  if (!now.beat) return 'its heartbeat is gone';
  if (now.beat.modRevision === known.beat.modRevision && now.beat.value === known.beat.value)
    return undefined;
  // Another authority has beaten: that makes both numbers greater.
  if (now.beat.modRevision > known.beat.modRevision && now.beat.sequence > known.beat.sequence)
    return undefined;
  const name = ({ sequence, modRevision }: StoredBeat) => `${sequence} of revision ${modRevision}`;
  return `the newest heartbeat is ${name(now.beat)}, and ${name(known.beat)} was known`;
}
