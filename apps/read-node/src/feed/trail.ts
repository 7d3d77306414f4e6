/** The newest revisions that this feeder knows Redis to have held, so that it can go back if Redis loses them. */

export interface Trail {
  add(generation: string, revision: number): void;
  /** The oldest revision remembered of this generation. */
  oldest(generation: string): number | undefined;
  /** Where to go back to, the best first: to the oldest, or where that is too far, to the newest. */
  waysBack(generation: string): number[];
}

/** Remembers between `length` and twice as many revisions of one generation. */
export function createTrail(length = 1_000): Trail {
  let of: string | undefined;
  let revisions: number[] = [];
  return {
    add: (generation, revision) => {
      if (generation !== of) {
        of = generation;
        revisions = [];
      }
      revisions.push(revision);
      if (revisions.length >= 2 * length) revisions = revisions.slice(length);
    },
    oldest: generation => (generation === of ? revisions[0] : undefined),
    waysBack: generation => (generation === of ? [revisions[0]!, revisions.at(-1)!] : []),
  };
}
