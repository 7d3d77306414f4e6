/**
 * How far back a region's stream goes, by what its entries weigh. A feeder sees every entry that is put, its own and
 * others', but for what was there before it: so the stream holds twice the limit at the most.
 */

export interface StreamWindow {
  /**
   * An entry is about to be put.
   * @returns the oldest revision to be kept, where it makes the stream too heavy
   */
  add(generation: string, revision: number, bytes: number): number | undefined;
}

interface Put {
  readonly revision: number;
  readonly bytes: number;
}

/** @param mostEntries of the stream: older ones are trimmed by their number, and need not be known here */
export function createStreamWindow(mostBytes: number, mostEntries: number): StreamWindow {
  let of = '';
  let puts: Put[] = [];
  /** Those before it are out of the window. */
  let first = 0;
  let bytes = 0;

  return {
    add: (generation, revision, added) => {
      if (generation !== of) [of, puts, first, bytes] = [generation, [], 0, 0];
      // Repeated, after an answer was lost: it is counted already.
      if (revision <= (puts.at(-1)?.revision ?? 0)) return undefined;
      puts.push({ revision, bytes: added });
      bytes += added;
      if (puts.length - first > mostEntries) bytes -= puts[first++]!.bytes;
      const held = first;
      while (bytes > mostBytes && first < puts.length - 1) bytes -= puts[first++]!.bytes;
      const oldest = first > held ? puts[first]!.revision : undefined;
      if (first > puts.length / 2) [puts, first] = [puts.slice(first), 0];
      return oldest;
    },
  };
}
