/**
 * The way of a write: intent → etcd transaction → outcome with versions → answer. Whatever dies in between,
 * the marker in etcd knows which way it went, and recovery writes the outcome.
 */
import type { Audit, Intent, Outcome } from '@quantivista/audit';
import { ServiceError } from '@quantivista/contracts';
import type { Etcd, TxnResult } from '@quantivista/etcd';
import { createBackoff, type FaultPoint, pause } from '@quantivista/runtime';
import { createMemoryView, createStoreView, type FollowedKeys } from '../follow/record-view.ts';
import { createSecretValues, type SecretValues } from '../secrets/secret-values.ts';
import type { Plan } from './plan.ts';
import { createPreparation, type Preview } from './prepare.ts';
import type { StoredRecord, WriteRequest } from './request.ts';
import { lookUpOperation, markedOutcome, resolveOperation } from './resolve.ts';
import type { WriteRule } from './rule.ts';
import { checkShape } from './validate.ts';

/** Every place where a write can be made to die, in order. */
export const FAULT_POINTS = [
  'write.before_intent',
  'write.after_intent',
  'write.after_commit',
  'write.after_outcome',
] as const;

export interface Committed {
  readonly generation: string;
  readonly revision: number;
  readonly plan: Plan;
  /** The new state of each record, in the order of the request; undefined where it was deleted. */
  readonly records: readonly (StoredRecord | undefined)[];
}

export interface Writer {
  /**
   * @throws ServiceError: what the plan refuses; `audit_unavailable`, `store_unavailable`, `store_full`,
   * `write_aborted`: nothing was changed; `write_in_doubt`: recovery will decide
   */
  write(request: WriteRequest): Promise<Committed>;
  /** Everything but the change itself. @throws ServiceError as `write` does before anything is recorded */
  preview(request: WriteRequest): Promise<Preview>;
}

export interface WriterOptions {
  readonly etcd: Etcd;
  readonly audit: Audit;
  readonly faultPoint: FaultPoint;
  /** @default none: what is confidential is refused */
  readonly secrets?: SecretValues;
  /** @default none */
  readonly rules?: readonly WriteRule[];
  /** What is known of the store by following it: plans are made from that first. @default nothing */
  readonly followed?: readonly FollowedKeys[];
}

/** Attempts while others change the same keys; each has an id and an intent of its own. */
const ATTEMPTS = 20;
/** How long an answer is awaited that was lost, or an outcome that can't be recorded. */
const DOUBT_LIMIT_MS = 3_000;

const REPLACED = 'the store was replaced: it can not be known any more whether the change was made';

type Attempt = { readonly kind: 'committed'; readonly result: Committed } | { readonly kind: 'overtaken' };

export function createWriter(options: WriterOptions): Writer {
  const { etcd, audit, faultPoint, rules = [], followed = [] } = options;
  const prepare = createPreparation(rules, options.secrets ?? createSecretValues(undefined));
  const store = createStoreView(etcd);
  const recent = createMemoryView(followed, store);

  /** Repeat `step` until it succeeds or the limit is over; then it is for recovery. */
  async function insist<T>(step: () => Promise<T>): Promise<T> {
    const backoff = createBackoff({ firstMs: 20, maxMs: 500 });
    const until = Date.now() + DOUBT_LIMIT_MS;
    for (;;) {
      try {
        return await step();
      } catch (cause) {
        if (Date.now() > until) throw new ServiceError('write_in_doubt', { cause });
        await pause(backoff.next());
      }
    }
  }

  /** From memory the first time. What that refuses may be out of date: then the store is asked. */
  async function prepareQuickly(request: WriteRequest): Promise<Preview> {
    try {
      return await prepare(request, recent);
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'secrets_unavailable') throw error;
      return prepare(request, store);
    }
  }

  /** Which way the transaction went; `overtaken` where a key had changed since it was read, `full` for want of room. */
  async function commit({ id, txn }: Plan, generation: string): Promise<Outcome | 'overtaken' | 'full'> {
    let result: TxnResult;
    try {
      result = await etcd.txn(txn);
    } catch (error) {
      // It was answered, so that nothing of it is under way; etcd may say so of one that it has carried out.
      if (error instanceof ServiceError && error.code === 'store_full') {
        const outcome = await insist(() => lookUpOperation(etcd, { id, generation }));
        return outcome.status === 'aborted' ? 'full' : outcome;
      }
      // Its answer was lost: it may have been carried out, or may still be.
      return insist(() => resolveOperation(etcd, { id, generation }));
    }
    if (result.succeeded) return { status: 'committed', revision: result.revision };
    // A marker that is there already was put by recovery, which took this writer for dead.
    const marker = result.found[0];
    return marker ? markedOutcome(marker) : 'overtaken';
  }

  async function attempt(request: WriteRequest, first: boolean): Promise<Attempt> {
    const prepared = await (first ? prepareQuickly(request) : prepare(request, store));
    const { generation, revision: readAt, plan: planned } = prepared;

    const intent: Intent = {
      id: planned.id,
      generation,
      readRevision: readAt,
      actor: request.actor,
      reason: request.reason,
      rollbackAvailable: request.rollbackAvailable,
      changes: planned.changes,
    };
    faultPoint('write.before_intent');
    await audit.recordIntent(intent);
    faultPoint('write.after_intent');
    const outcome = await commit(planned, generation);
    faultPoint('write.after_commit');
    if (outcome === 'overtaken' || outcome === 'full') {
      // Not in doubt: the transaction was refused whole. If this record fails, recovery finds the same.
      await audit.recordOutcome(intent, { status: 'aborted' });
      if (outcome === 'full') throw new ServiceError('store_full');
      return { kind: 'overtaken' };
    }
    await insist(() => audit.recordOutcome(intent, outcome));
    faultPoint('write.after_outcome');
    if (outcome.status === 'unknown') throw new ServiceError('write_in_doubt', { message: REPLACED });
    if (outcome.status !== 'committed') throw new ServiceError('write_aborted');
    const { revision } = outcome;
    recent.remember(revision, planned.txn.success);
    return {
      kind: 'committed',
      result: { generation, revision, plan: planned, records: planned.records },
    };
  }

  return {
    write: async request => {
      checkShape(request);
      const backoff = createBackoff({ firstMs: 5, maxMs: 200 });
      for (let count = 0; count < ATTEMPTS; count++) {
        const result = await attempt(request, count === 0);
        if (result.kind === 'committed') return result.result;
        await pause(backoff.next());
      }
      throw new ServiceError('conflict', { message: 'the keys are being changed by others too often' });
    },
    preview: async request => {
      checkShape(request);
      const stored = request.clearance?.kind === 'preview' && request.clearance.stored;
      return prepare(request, store, stored ? 'kept' : 'not_kept');
    },
  };
}
