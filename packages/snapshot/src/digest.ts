/**
 * Digests of sets of entries: sums, so that they follow every change at the cost of that change, and equal
 * sets have equal digests in whatever order they were built. They find drift, not forgery.
 */

/** 64 bits as two unsigned halves. */
export interface Digest {
  high: number;
  low: number;
}

/** By part: each environment (in upper case), and `_` for all other keys. Parts without entries are not there. */
export type Digests = Readonly<Record<string, string>>;

const FNV_PRIME = 0x01000193;

/** Two FNV-1a lanes over `text`, with different seeds; each ends in a mixing step so that sums spread. */
function hashInto(text: string, lane: Digest): void {
  let high = lane.high;
  let low = lane.low;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, FNV_PRIME);
    high = Math.imul(high ^ (unit + at), 0x85ebca6b);
  }
  lane.high = high;
  lane.low = low;
}

function mix(lane: number): number {
  let mixed = lane ^ (lane >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

export const emptyDigest = (): Digest => ({ high: 0, low: 0 });

/** Of the one entry (key, revision, value). */
export function hashEntry(key: string, revision: number, value: string): Digest {
  const lane: Digest = { high: 0x9e3779b9, low: 0x811c9dc5 };
  hashInto(key, lane);
  hashInto(`\n${revision}\n`, lane);
  hashInto(value, lane);
  return { high: mix(lane.high), low: mix(lane.low ^ lane.high) };
}

/** Add (`sign` 1) or take out (-1) the digest of an entry, or of a set. */
export function fold(into: Digest, of: Digest, sign: 1 | -1): void {
  into.high = (into.high + sign * of.high) >>> 0;
  into.low = (into.low + sign * of.low) >>> 0;
}

/** 16 hexadecimal digits. */
export const formatDigest = ({ high, low }: Digest): string =>
  high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');

/** One digest of all parts. */
export function digestOfParts(digests: Digests): string {
  const total = emptyDigest();
  for (const [part, digest] of Object.entries(digests)) fold(total, hashEntry(part, 0, digest), 1);
  return formatDigest(total);
}

/** The parts in which two states differ, of those that `holds` names. */
export function differingParts(
  a: Digests,
  b: Digests,
  holds: (part: string) => boolean = () => true,
): string[] {
  const parts = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...parts].filter(part => holds(part) && a[part] !== b[part]).sort();
}
