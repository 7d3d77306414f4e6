/**
 * Looks after changes on trial: one that a client refuses is put back, the others stay when their time is over. The
 * leader does it; if two do, the record of the proposal lets one of them through. What came due while nobody was
 * there ends late.
 */
import { type Proposal, type RegionReport, ServiceError } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createOutage, type Log, type Metrics, pause } from '@quantivista/runtime';
import type { Leadership } from '../lead/leadership.ts';
import type { Regions } from '../network/regions.ts';
import { recordPathOf } from './content.ts';
import { followProposals } from './follow-proposals.ts';
import { describeRefusals, refusalsOf, topicsOf } from './refusals.ts';
import type { TrialEnd, TrialEnds } from './trial-end.ts';

export interface TrialsOptions {
  readonly etcd: Etcd;
  readonly log: Log;
  readonly ends: TrialEnds;
  readonly regions: Pick<Regions, 'known' | 'reports'>;
  readonly leadership: Pick<Leadership, 'leading'>;
  readonly metrics: Metrics;
}

export interface Trials {
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

interface OnTrial {
  readonly proposal: Proposal;
  /** At which it was applied, and its record put. */
  readonly revision: number;
  readonly topics: ReadonlySet<string>;
  readonly except: ReadonlyMap<string, number>;
  /** After a failure that passes; milliseconds since the epoch. */
  notBefore: number;
}

const TICK_MS = 100;
const RETRY_MS = 1_000;
const ENDS: readonly TrialEnd[] = ['kept', 'reverted', 'overtaken', 'stuck'];

export function createTrials({ etcd, log, ends, regions, leadership, metrics }: TrialsOptions): Trials {
  const running = new Map<string, OnTrial>();
  const ended = Object.fromEntries(ENDS.map(each => [each, 0])) as Record<TrialEnd, number>;
  const outage = createOutage(log, 'a trial is ended later');
  metrics.observed('qv_trials', 'changes that are on trial', () => running.size);
  metrics.observedBy('qv_trials_ended_total', 'trials that this authority has ended', 'how', () =>
    ENDS.map(each => [each, ended[each]]),
  );

  function onTrial(proposal: Proposal, revision: number): OnTrial | undefined {
    if (proposal.state !== 'on_trial') return undefined;
    const topics = topicsOf(proposal.changes.map(recordPathOf));
    const except = new Map(Object.entries(proposal.trial!.refused_before));
    return { proposal, revision, topics, except, notBefore: 0 };
  }

  /** How it is to end by now; undefined while it goes on. */
  function verdict(
    { proposal, revision, topics, except }: OnTrial,
    reports: readonly RegionReport[],
    now: number,
  ) {
    const { generation, trial } = proposal;
    const refusals = refusalsOf(reports, topics, { generation, revision }, except);
    if (refusals.length > 0) return { revert: describeRefusals(refusals) };
    return Date.parse(trial!.until) <= now ? 'keep' : undefined;
  }

  async function look(id: string, trial: OnTrial, reports: readonly RegionReport[]): Promise<void> {
    const end = verdict(trial, reports, Date.now());
    if (!end) return;
    // Until then it is left alone: by then the watch has told that it is over, or the failure may have passed.
    trial.notBefore = Date.now() + RETRY_MS;
    try {
      const how = await (end === 'keep' ? ends.keep(id) : ends.revert(id, end.revert));
      outage.over();
      if (!how) return;
      ended[how]++;
      if (how !== 'kept') log.warn({ proposal: id, how, why: end }, 'a trial has ended');
    } catch (error) {
      // Others were quicker, with the record or one of its keys.
      if (error instanceof ServiceError && error.code === 'conflict') return;
      outage.failed(error);
    }
  }

  return {
    run: async signal => {
      const following = followProposals({ etcd, log }, running, onTrial, signal);
      while (!signal.aborted) {
        // Before the regions are known nobody knows who refuses.
        const due = leadership.leading && regions.known ? [...running] : [];
        // With the names of all instances: put together once for all that are looked at.
        const reports = due.length > 0 ? regions.reports() : [];
        for (const [id, trial] of due)
          if (!signal.aborted && trial.notBefore <= Date.now()) await look(id, trial, reports);
        await pause(TICK_MS, signal);
      }
      await following;
    },
  };
}
