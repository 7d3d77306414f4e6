/** Whether a region may be fed from a parent, given what it holds. */
import type { FeedOffer } from '@quantivista/contracts';
import type { Held } from './source.ts';

/**
 * A parent that is behind what is held is passed over: it would take back what was served. Of two lives of the
 * store the later is the one whose heartbeats are, so a parent of another generation is followed only where it
 * was complete at a later time than what is held: one that was cut off before the store was replaced is never
 * gone back to, also by a feeder that has just started.
 */
export function acceptable(offer: FeedOffer, held: Held): boolean {
  if (held.generation === undefined) return true;
  if (offer.generation === held.generation)
    return held.revision === undefined || offer.revision >= held.revision;
  if (held.completeAt === undefined) return true;
  return offer.complete_at !== null && offer.complete_at > held.completeAt;
}
