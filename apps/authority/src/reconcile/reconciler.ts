/**
 * Compares etcd's history with the trail: a record that was changed by another hand than the authority's is
 * found, and a change on record that the store does not have. Where it has stopped it goes on; what is compacted
 * by then is compared as it stands.
 */
import type { Audit, Evidence, Finding } from '@quantivista/audit';
import { EVERYTHING_PREFIX, GENERATION_KEY } from '@quantivista/contracts';
import type { Etcd, Watch } from '@quantivista/etcd';
import { createBackoff, type Log, pause } from '@quantivista/runtime';
import type { AdminToken } from '../admin-token.ts';
import { comparePresent, settledState } from './compare-present.ts';
import { match, type Seen, seenOf } from './match.ts';

export interface ReconcilerOptions {
  readonly etcd: Etcd;
  readonly audit: Pick<Audit, 'settledRevision'>;
  readonly evidence: Evidence;
  readonly adminToken: Pick<AdminToken, 'key'>;
  readonly log: Log;
  /** Two may reconcile: both find the same, and it is recorded once. */
  readonly leadership: { readonly leading: boolean };
  readonly intervalMs: number;
}

export interface Reconciler {
  /** Findings recorded by this process, by kind. */
  readonly found: ReadonlyMap<Finding['kind'], number>;
  /** Up to which revision history and trail were compared. */
  readonly revision: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** Revisions matched at once, and kept while the trail is not settled. */
const BATCH = 500;
const KEEP = 100_000;
/** The place reached is put down about so often: found again is found once. */
const MARK_INTERVAL_MS = 2_000;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { etcd, audit, evidence, adminToken, log, leadership, intervalMs } = options;
  const found = new Map<Finding['kind'], number>([
    ['foreign_change', 0],
    ['missing_change', 0],
  ]);
  let reached = 0;

  async function record(findings: readonly Finding[]): Promise<void> {
    for (const finding of findings) {
      if (!(await evidence.recordFinding(finding))) continue;
      found.set(finding.kind, (found.get(finding.kind) ?? 0) + 1);
      log.error({ ...finding }, 'etcd and the trail do not agree');
    }
  }

  /** Compare the present, where there is no history to compare; answers as of when. */
  async function compare(): Promise<{ generation: string; revision: number }> {
    const state = await settledState(options);
    const { generation } = state;
    for await (const { differences } of comparePresent(options, state)) {
      const findings = differences.map(({ key, revision, row, message }): Finding => {
        const details = { message, row: row?.id ?? null };
        return { kind: 'foreign_change', generation, revision, subject: key, details };
      });
      await record(findings);
    }
    await evidence.markReconciled(generation, state.revision);
    return state;
  }

  /** Follow from `from` on until the watch ends, another leads or `signal` aborts; whether a comparison is needed. */
  async function follow(generation: string, from: number, signal: AbortSignal): Promise<boolean> {
    let queue: Seen[] = [];
    let heard = from;
    let another = false;
    const watch: Watch = etcd.watch({
      prefix: EVERYTHING_PREFIX,
      from: from + 1,
      onRevision: revision => {
        if (revision.events.some(({ key, value }) => key === GENERATION_KEY && value !== generation))
          another = true;
        const seen = another ? undefined : seenOf(revision, adminToken.key);
        if (seen) queue.push(seen);
        heard = revision.revision;
        // More than is kept: it is asked for again from where the trail is settled.
        if (queue.length > KEEP || another) watch.close();
      },
    });
    let end: string | undefined;
    void watch.ended.then(({ reason }) => {
      end = reason;
    });
    let markedAt = performance.now();
    reached = from;
    try {
      while (!signal.aborted && leadership.leading) {
        const settled = Math.min(heard, await audit.settledRevision(generation, heard));
        while (reached < settled) {
          const batch = queue.slice(0, BATCH).filter(({ revision }) => revision <= settled);
          const to = batch.length === BATCH ? batch.at(-1)!.revision : settled;
          await record(match(generation, batch, await evidence.committedChanges(generation, reached, to)));
          queue = queue.slice(batch.length);
          reached = to;
        }
        if (performance.now() - markedAt > MARK_INTERVAL_MS) {
          await evidence.markReconciled(generation, reached);
          markedAt = performance.now();
        }
        if (end !== undefined) return end === 'compacted' || end === 'rewound';
        await pause(intervalMs, signal);
      }
      await evidence.markReconciled(generation, reached);
      return false;
    } finally {
      watch.close();
    }
  }

  async function round(signal: AbortSignal): Promise<void> {
    const { entries } = await etcd.read([GENERATION_KEY]);
    const generation = entries[0]?.value;
    if (generation === undefined) return;
    const known = await evidence.reconciled(generation);
    const state = known === undefined ? await compare() : { generation, revision: known };
    if (await follow(state.generation, state.revision, signal)) await compare();
  }

  return {
    found,
    get revision() {
      return reached;
    },
    run: async signal => {
      const backoff = createBackoff({ firstMs: 50, maxMs: 1_000 });
      while (!signal.aborted) {
        const startedAt = Date.now();
        try {
          if (leadership.leading) await round(signal);
        } catch (error) {
          log.debug({ err: error }, 'reconciling waits');
        }
        if (Date.now() - startedAt > 5_000) backoff.reset();
        await pause(leadership.leading ? backoff.next() : intervalMs, signal);
      }
    },
  };
}
