/** How old a state is: the time since it was known to be all that there is. */

export interface Age {
  /** A node has said that what it has sent is complete as of so long ago. */
  heard(ageMs: number): void;
  /** Nothing is known of the state that comes. */
  forget(): void;
  /** Milliseconds; `undefined` where nobody has said. Never less than the true age, but for the time on the way. */
  ms(): number | undefined;
}

/** @param now milliseconds of a clock that never goes back */
export function createAge(now: () => number): Age {
  let completeAt: number | undefined;
  return {
    heard: ageMs => {
      // Another node may know less of the same state than the one before did.
      completeAt = Math.max(completeAt ?? Number.NEGATIVE_INFINITY, now() - ageMs);
    },
    forget: () => {
      completeAt = undefined;
    },
    ms: () => (completeAt === undefined ? undefined : Math.max(0, now() - completeAt)),
  };
}
