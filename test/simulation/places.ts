/** Where things stand, and how long a message takes between them. All of it is assumed; the page says so. */
import type { LinkProfile } from './link.ts';
import type { Random } from './random.ts';

/** A point of the unit square: its side is 100 ms one way. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export const CENTRE: Place = { x: 0.2, y: 0.5 };

export const anyPlace = (random: Random): Place => ({ x: random.uniform(), y: random.uniform() });

export const distance = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.y - b.y);

/** Between regions, or from the centre to one. */
export function wideArea(from: Place, to: Place): LinkProfile {
  const baseMs = 1 + 100 * distance(from, to);
  return { baseMs, jitterMs: 1, sigma: 1, loss: 0.001, retransmitMs: 200 + 2 * baseMs };
}

/** Within a region: a node and its Redis. */
export const localArea = (random: Random): LinkProfile => ({
  baseMs: 0.1 + 0.3 * random.uniform(),
  jitterMs: 0.05,
  sigma: 1,
  loss: 0.000_01,
  retransmitMs: 200,
});

/** Within a region: a service and the node that it watches. */
export const CLIENT: LinkProfile = { baseMs: 0.3, jitterMs: 0.2, sigma: 1, loss: 0.000_1, retransmitMs: 200 };

/** The authority beside etcd. */
export const BESIDE: LinkProfile = { baseMs: 0.3, jitterMs: 0.1, sigma: 0.5, loss: 0, retransmitMs: 200 };

/** From the arrival of a transaction to its commit by a quorum. */
export const COMMIT_MS = 2;
/** A frame to one more socket of a node. */
export const SEND_MS = 0.009;
