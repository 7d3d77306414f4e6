/**
 * The order in which a consumer's events are delivered: those of one subject one after the other, of different
 * subjects at once. Pure, but for what it remembers.
 */
import type { Waiting } from '@quantivista/audit';
import type { StoredEvent } from '@quantivista/contracts';

/** An event that is to be delivered. */
export interface Item extends Waiting {
  attempts: number;
  dueAt: number;
  giveUpAt: number;
  /** Whether the database knows that it waits: then the cursor may pass it. */
  stored: boolean;
  /** What there is to deliver, where it is at hand. */
  event: StoredEvent | undefined;
}

/** Of one subject. The first is next, or under way: then the lane is neither ready nor asleep. */
interface Lane {
  readonly items: Item[];
}

export interface Lanes {
  readonly size: number;
  /** The last of its subject. Answers whether the first of them has failed, so that this one waits behind it. */
  add(item: Item): boolean;
  /** One that is due and whose turn it is; it is under way then. */
  take(now: number): Item | undefined;
  /** The item under way is done with: the next of its subject may go. */
  done(item: Item): void;
  /** The item under way is to be tried again at its `dueAt`. Answers those that wait behind it. */
  again(item: Item): readonly Item[];
  /** All that wait for their time are due. */
  hurry(): void;
  /** When the next item is due; Infinity where none waits for its time. */
  nextDueAt(): number;
}

export function createLanes(): Lanes {
  const lanes = new Map<string, Lane>();
  /** Whose first item is due, in the order in which they became so. */
  const ready = new Set<Lane>();
  /** Whose first item waits for its time. */
  const sleeping = new Set<Lane>();
  let size = 0;
  let nextDueAt = Number.POSITIVE_INFINITY;

  function queue(lane: Lane, dueAt: number): void {
    if (dueAt <= 0) {
      ready.add(lane);
      return;
    }
    sleeping.add(lane);
    nextDueAt = Math.min(nextDueAt, dueAt);
  }

  function wake(now: number): void {
    if (now < nextDueAt) return;
    nextDueAt = Number.POSITIVE_INFINITY;
    for (const lane of sleeping) {
      const { dueAt } = lane.items[0]!;
      if (dueAt > now) {
        nextDueAt = Math.min(nextDueAt, dueAt);
        continue;
      }
      sleeping.delete(lane);
      ready.add(lane);
    }
  }

  return {
    get size() {
      return size;
    },
    add: item => {
      size++;
      const lane = lanes.get(item.subject);
      if (lane) {
        lane.items.push(item);
        return lane.items[0]!.attempts > 0;
      }
      const fresh = { items: [item] };
      lanes.set(item.subject, fresh);
      queue(fresh, item.dueAt);
      return false;
    },
    take: now => {
      wake(now);
      const [lane] = ready;
      if (!lane) return undefined;
      ready.delete(lane);
      return lane.items[0];
    },
    done: item => {
      size--;
      const lane = lanes.get(item.subject)!;
      lane.items.shift();
      const [next] = lane.items;
      if (next) queue(lane, next.dueAt);
      else lanes.delete(item.subject);
    },
    again: item => {
      const lane = lanes.get(item.subject)!;
      queue(lane, item.dueAt);
      return lane.items.slice(1);
    },
    hurry: () => wake(Number.POSITIVE_INFINITY),
    nextDueAt: () => nextDueAt,
  };
}
