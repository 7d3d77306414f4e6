/**
 * Delivers events to one webhook, at least once each, those of one subject in order. What has been achieved is
 * saved a little later than it was achieved: after a crash, what was delivered in between is delivered again.
 */
import { randomUUID } from 'node:crypto';
import type { Deliveries, EventLog } from '@quantivista/audit';
import { type StoredEvent, toCloudEvent, type Webhook } from '@quantivista/contracts';
import { onAbort, pause } from '@quantivista/runtime';
import { type Backlog, createBacklog } from './backlog.ts';
import type { Item } from './lanes.ts';
import type { Received } from './sender.ts';
import { wants } from './wants.ts';

export interface DeliveryLimits {
  /** Requests at once to one webhook. */
  readonly concurrency: number;
  /** Bounds of the wait between two attempts of one event; it doubles. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** How long an event is tried before it is a dead letter. */
  readonly giveUpMs: number;
  /** How often the database is asked for events. */
  readonly pollMs: number;
}

export interface ConsumerOptions {
  readonly name: string;
  readonly webhook: Webhook;
  readonly events: EventLog;
  readonly deliveries: Deliveries;
  readonly limits: DeliveryLimits;
  readonly send: (event: ReturnType<typeof toCloudEvent>, signal: AbortSignal) => Promise<Received>;
  /** After each attempt. */
  readonly onAttempt: (received: Received, dead: boolean) => void;
  /** Nothing is left to deliver; told each time that there is no more to be read. */
  readonly onIdle: () => void;
  /** The receiver wants no more events. */
  readonly onGone: () => Promise<void>;
}

export type ConsumerEnd = 'stopped' | 'replaced' | 'gone';

/** Failures in a row after which the receiver counts as down: it is asked with one event at a time then. */
const DOWN_AFTER = 5;
/** Events read that keep the cursor back. */
const MAX_OPEN = 256;
/** Events that wait for an earlier one of their subject. Where there are more, nothing is read on. */
const MAX_WAITING = 10_000;
const SAVE_MS = 100;
/** Longest wait for an answer before it is looked at what else is due. */
const TICK_MS = 50;
const CHECK_OWNER_MS = 1_000;

/**
 * Deliver until `signal` aborts, another one delivers, or the receiver is gone.
 * @throws ServiceError `audit_unavailable`
 */
export async function consume(options: ConsumerOptions, signal: AbortSignal): Promise<ConsumerEnd> {
  const { name, webhook, events, deliveries, limits, send, onAttempt, onIdle, onGone } = options;
  const owner = randomUUID();
  const backlog: Backlog = createBacklog(await deliveries.claim(name, owner), {
    giveUpMs: limits.giveUpMs,
    downAfter: DOWN_AFTER,
  });
  const ending = new AbortController();
  const stop = () => ending.abort();
  const stopListening = onAbort(signal, stop);

  /** Until then the receiver is left alone. */
  let restUntil = 0;
  let gone = false;
  let failure: unknown;
  let news = new AbortController();
  const underWay = new Set<Promise<void>>();
  const isDown = () => backlog.failures >= DOWN_AFTER;
  /** Whether more is read: a receiver that is down has its events wait behind the cursor. */
  const hasRoom = () => !isDown() && backlog.open < MAX_OPEN && backlog.size < MAX_WAITING;

  /** Half of it is random, so that what failed together does not come back together. */
  const delayMs = (attempts: number): number => {
    const bound = Math.min(limits.maxRetryMs, limits.firstRetryMs * 2 ** Math.min(attempts, 30));
    return bound / 2 + (Math.random() * bound) / 2;
  };

  async function attempt(item: Item): Promise<void> {
    const event: StoredEvent | undefined = item.event ?? (await events.read(item.sequence));
    // It was taken out of the database by hand.
    if (!event) return backlog.delivered(item, Date.now());
    const received = await send(toCloudEvent(event), ending.signal);
    const now = Date.now();
    if (!received.delivered && ending.signal.aborted) return backlog.interrupted(item);
    if (received.delivered) {
      backlog.delivered(item, now);
      restUntil = 0;
      return onAttempt(received, false);
    }
    const { retryAfterMs = 0 } = received;
    const dueAt = now + Math.max(delayMs(item.attempts), retryAfterMs);
    const dead = backlog.failed(item, received.error ?? 'failed', dueAt, now);
    if (retryAfterMs > 0) restUntil = Math.max(restUntil, now + retryAfterMs);
    if (isDown()) restUntil = Math.max(restUntil, now + delayMs(backlog.failures - DOWN_AFTER));
    if (received.status === 410) gone = true;
    onAttempt(received, dead);
  }

  function start(item: Item): void {
    const going = attempt(item)
      .catch(error => {
        failure ??= error;
        backlog.interrupted(item);
      })
      .finally(() => {
        underWay.delete(going);
        news.abort();
      });
    underWay.add(going);
  }

  async function save(): Promise<boolean> {
    const progress = backlog.unsaved();
    return progress === undefined || deliveries.save(name, owner, progress);
  }

  async function deliver(): Promise<ConsumerEnd> {
    let savedAt = 0;
    let checkedAt = Date.now();
    let readAt = 0;
    let exhausted = false;
    for (;;) {
      if (failure !== undefined) throw failure;
      if (signal.aborted) return 'stopped';
      if (gone) return 'gone';
      news = new AbortController();
      const now = Date.now();
      if (hasRoom() && (!exhausted || now - readAt >= limits.pollMs)) {
        const heads = await events.heads(backlog.read, MAX_OPEN);
        exhausted = heads.length < MAX_OPEN;
        readAt = now;
        backlog.add(heads, head => wants(webhook, head));
        if (exhausted && backlog.size === 0) onIdle();
      }
      while (underWay.size < (isDown() ? 1 : limits.concurrency) && now >= restUntil) {
        const item = backlog.take(now);
        if (!item) break;
        start(item);
      }
      if (now - savedAt >= SAVE_MS) {
        if (!(await save())) return 'replaced';
        savedAt = now;
      }
      if (now - checkedAt >= CHECK_OWNER_MS) {
        if (!(await deliveries.holds(name, owner))) return 'replaced';
        checkedAt = now;
      }
      if (exhausted || !hasRoom()) await pause(TICK_MS, news.signal);
    }
  }

  try {
    const end = await deliver();
    stop();
    await Promise.all(underWay);
    if (end !== 'replaced') await save();
    if (end === 'gone') await onGone();
    return end;
  } finally {
    stop();
    stopListening();
    await Promise.all(underWay);
  }
}
