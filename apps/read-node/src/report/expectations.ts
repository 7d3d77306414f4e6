/** The revisions that somebody at the centre waits for, and how eagerly to look whether they have come. */

export interface Expectations {
  add(revision: number): void;
  /** Whether `revision` meets some of them. */
  reachedBy(revision: number | null): boolean;
  /** It was said that `revision` is reached. */
  met(revision: number | null): void;
  /** How long to wait before looking again; Infinity where nothing is expected. */
  patienceMs(): number;
  forget(): void;
}

/** Nobody waits longer. */
const LIMIT_MS = 60_000;
/** Every few milliseconds at first; more and more seldom for those that are long in coming. */
const EAGER_MS = 2;
const PATIENT_MS = 100;

export function createExpectations(now = () => performance.now()): Expectations {
  /** In the order in which they came, which is that of the revisions within a generation. */
  let awaited: { readonly revision: number; readonly since: number }[] = [];
  return {
    add: revision => awaited.push({ revision, since: now() }),
    reachedBy: revision => revision !== null && awaited.some(each => each.revision <= revision),
    met: revision => {
      if (revision !== null) awaited = awaited.filter(each => each.revision > revision);
    },
    patienceMs: () => {
      awaited = awaited.filter(each => now() - each.since < LIMIT_MS);
      const newest = awaited.at(-1);
      if (!newest) return Number.POSITIVE_INFINITY;
      return Math.min(PATIENT_MS, Math.max(EAGER_MS, (now() - newest.since) / 20));
    },
    forget: () => {
      awaited = [];
    },
  };
}
