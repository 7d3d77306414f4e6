/**
 * What of a consumer's events is read and not delivered, and what has to be saved of it. The cursor passes an
 * event once it is delivered or the database knows that it waits.
 */
import type { Deliveries, EventHead, Progress, Waiting } from '@quantivista/audit';
import { createLanes, type Item } from './lanes.ts';

export interface Backlog {
  /** Events that wait or are under way. */
  readonly size: number;
  /** Those of them that keep the cursor back. */
  readonly open: number;
  /** The newest event that was read. */
  readonly read: number;
  /** Since the last attempt that did not fail. */
  readonly failures: number;
  /** Take in what was read; `wanted` are those of it that are to be delivered. */
  add(heads: readonly EventHead[], wanted: (head: EventHead) => boolean): void;
  take(now: number): Item | undefined;
  nextDueAt(): number;
  delivered(item: Item, now: number): void;
  /** It is tried again at `dueAt`, or given up where its time is over. Answers whether it was given up. */
  failed(item: Item, error: string, dueAt: number, now: number): boolean;
  /** It was under way when delivery ended: nothing is known of it. */
  interrupted(item: Item): void;
  /** What has changed since this was last asked; `undefined` where nothing has. */
  unsaved(): Progress | undefined;
}

export interface BacklogOptions {
  /** How long an event is tried. */
  readonly giveUpMs: number;
  /** Failures in a row after which a success says that the consumer is back. */
  readonly downAfter: number;
}

export function createBacklog(
  claimed: Awaited<ReturnType<Deliveries['claim']>>,
  { giveUpMs, downAfter }: BacklogOptions,
): Backlog {
  const lanes = createLanes();
  /** In ascending order. */
  const open = new Set<number>();
  let read = claimed.sequence;
  let failures = 0;

  let changed = false;
  let delivered: number[] = [];
  const waiting = new Map<number, Waiting>();
  let dead: Progress['dead'][number][] = [];
  let succeededAt: number | undefined;
  let lastError: Progress['lastError'];

  const toWaiting = ({ sequence, subject, attempts, dueAt, giveUpAt }: Item): Waiting => ({
    sequence,
    subject,
    attempts,
    dueAt,
    giveUpAt,
  });
  /** The database is to know that it waits; what it says is read again then. */
  function store(item: Item): void {
    item.stored = true;
    item.event = undefined;
    open.delete(item.sequence);
    waiting.set(item.sequence, toWaiting(item));
  }

  for (const each of claimed.waiting) lanes.add({ ...each, stored: true, event: undefined });

  return {
    get size() {
      return lanes.size;
    },
    get open() {
      return open.size;
    },
    get read() {
      return read;
    },
    get failures() {
      return failures;
    },
    add: (heads, wanted) => {
      for (const head of heads) {
        read = head.sequence;
        changed = true;
        if (!wanted(head)) continue;
        const { sequence, subject, event } = head;
        const giveUpAt = Date.now() + giveUpMs;
        const item: Item = { sequence, subject, attempts: 0, dueAt: 0, giveUpAt, stored: false, event };
        open.add(sequence);
        if (lanes.add(item)) store(item);
      }
    },
    take: lanes.take,
    nextDueAt: lanes.nextDueAt,
    delivered: (item, now) => {
      changed = true;
      succeededAt = now;
      if (failures >= downAfter) lanes.hurry();
      failures = 0;
      lanes.done(item);
      open.delete(item.sequence);
      if (item.stored) delivered.push(item.sequence);
      waiting.delete(item.sequence);
    },
    failed: (item, error, dueAt, now) => {
      changed = true;
      failures++;
      lastError = { text: error, at: now };
      item.attempts++;
      if (now >= item.giveUpAt) {
        lanes.done(item);
        open.delete(item.sequence);
        waiting.delete(item.sequence);
        dead.push({ ...toWaiting(item), error });
        return true;
      }
      item.dueAt = dueAt;
      for (const behind of lanes.again(item)) if (!behind.stored) store(behind);
      store(item);
      return false;
    },
    interrupted: item => void lanes.again(item),
    unsaved: () => {
      if (!changed) return undefined;
      const [first] = open;
      const sequence = first === undefined ? read : first - 1;
      const progress = {
        sequence,
        delivered,
        waiting: [...waiting.values()],
        dead,
        failures,
        succeededAt,
        lastError,
      };
      changed = false;
      delivered = [];
      waiting.clear();
      dead = [];
      succeededAt = undefined;
      return progress;
    },
  };
}
