/**
 * The digest of a set of entries: a sum, so that it can follow every change at the cost of that change, and
 * equal sets have equal digests in whatever order they were built. It finds drift, not forgery.
 */

/** 64 bits as two unsigned halves. */
export interface Digest {
  high: number;
  low: number;
}

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

/** Add (`sign` 1) or take out (-1) the entry (key, revision, value). */
export function foldEntry(into: Digest, key: string, revision: number, value: string, sign: 1 | -1): void {
  const lane: Digest = { high: 0x9e3779b9, low: 0x811c9dc5 };
  hashInto(key, lane);
  hashInto(`\n${revision}\n`, lane);
  hashInto(value, lane);
  into.high = (into.high + sign * mix(lane.high)) >>> 0;
  into.low = (into.low + sign * mix(lane.low ^ lane.high)) >>> 0;
}

/** 16 hexadecimal digits. */
export const formatDigest = ({ high, low }: Digest): string =>
  high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
