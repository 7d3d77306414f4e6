/**
 * Applies what is scheduled at its time, by this authority's clock. The leader does it; if two do, the record of
 * the proposal lets one of them through. What came due while nobody was there is applied late.
 */
import { type Proposal, ServiceError } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createOutage, type Log, pause } from '@quantivista/runtime';
import type { Leadership } from '../lead/leadership.ts';
import { followProposals } from './follow-proposals.ts';
import type { Proposals } from './proposals.ts';

export interface ScheduleOptions {
  readonly etcd: Etcd;
  readonly log: Log;
  readonly proposals: Proposals;
  readonly leadership: Pick<Leadership, 'leading'>;
}

export interface Schedule {
  /** How many are waiting for their time. */
  readonly waiting: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

const TICK_MS = 100;
/** After a failure that passes. */
const RETRY_MS = 1_000;
/** Stands as the one who applied it, and in the trail for what becomes of one that can't be. */
const BY = 'schedule';

export function createSchedule({ etcd, log, proposals, leadership }: ScheduleOptions): Schedule {
  /** When each is to be tried, in milliseconds since the epoch. */
  const due = new Map<string, number>();
  const outage = createOutage(log, 'a scheduled proposal is tried again');

  const dueAt = ({ state, apply_at }: Proposal) =>
    state === 'scheduled' ? Date.parse(apply_at!) : undefined;

  /** What is to be done with one that could not be applied. */
  async function refused(id: string, error: unknown): Promise<void> {
    if (!(error instanceof ServiceError) || error.status >= 500 || error.code === 'conflict') throw error;
    // Closed by others, or just now; what it is then comes with the watch.
    if (error.code.startsWith('proposal_')) return;
    const type = error.code === 'approval_required' ? 'recount' : 'fail';
    await proposals.advance(id, { type, by: BY, comment: error.message.slice(0, 1_000) });
    log.warn({ proposal: id, err: error }, 'a scheduled proposal was not applied');
  }

  async function attempt(id: string): Promise<void> {
    // Until then it is not tried again: by then the watch has told, or the failure may have passed.
    due.set(id, Date.now() + RETRY_MS);
    try {
      await proposals.apply(id, BY).catch(error => refused(id, error));
      outage.over();
    } catch (error) {
      outage.failed(error);
    }
  }

  return {
    get waiting() {
      return due.size;
    },
    run: async signal => {
      const following = followProposals({ etcd, log }, due, dueAt, signal);
      while (!signal.aborted) {
        const now = Date.now();
        const ready = leadership.leading ? [...due].filter(([, at]) => at <= now) : [];
        for (const [id] of ready.sort(([, a], [, b]) => a - b)) if (!signal.aborted) await attempt(id);
        await pause(TICK_MS, signal);
      }
      await following;
    },
  };
}
