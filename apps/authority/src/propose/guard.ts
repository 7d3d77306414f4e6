/**
 * A writer that turns what may not happen now into a proposal: what is protected, and what is to happen at a time.
 * What is on trial, or breaks the glass, leaves one too, in its own transaction.
 * The rule of protection decides within the write itself, so that nothing slips through between asking and doing.
 */
import { fieldFault, type Proposal, ServiceError } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { Log, Metrics } from '@quantivista/runtime';
import type { Calls } from '../calls.ts';
import { createStoreView } from '../follow/record-view.ts';
import type { Regions } from '../network/regions.ts';
import type { Committed, Writer } from '../write/commit.ts';
import { createOperationId } from '../write/operation-id.ts';
import type { WriteRequest } from '../write/request.ts';
import { checkShape } from '../write/validate.ts';
import { appliedAtOnce, contentOf, digestOf, type Making, putProposal } from './content.ts';
import { openState } from './proposal-state.ts';
import { Proposed } from './proposed.ts';
import { readRequirements } from './protection-rule.ts';
import { putOnTrial, requireTriable } from './trial.ts';

export interface GuardedWriter extends Writer {
  /** @throws Proposed besides what a writer throws */
  write(request: WriteRequest): Promise<Committed>;
  /** What would become of it, also where that is protected. */
  preview: Writer['preview'];
  /** Propose it whether or not it is protected. @throws ServiceError as `preview`, and `too_large` */
  propose(request: WriteRequest, applyAt: string | undefined): Promise<Proposed>;
}

export interface GuardOptions {
  readonly etcd: Etcd;
  /** With the rule of protection among its rules. */
  readonly writer: Writer;
  readonly calls: Calls;
  /** Who can't use the state before a trial begins. */
  readonly regions: Pick<Regions, 'reports'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

export function createGuard({ etcd, writer, calls, regions, metrics, log }: GuardOptions): GuardedWriter {
  const proposed = metrics.counter('qv_proposed_total', 'writes that became proposals');
  const broken = metrics.counter('qv_break_glass_total', 'writes of what is protected without approvals');
  const store = createStoreView(etcd);
  /** On behalf of the caller, who may not be allowed it. */
  const authorized = (request: WriteRequest): WriteRequest => {
    const { authorize } = calls.current();
    if (!authorize) return request;
    // As far as the paths tell, at once: nothing has to be read for it.
    for (const { path } of request.changes) authorize(path, undefined);
    return { ...request, authorize };
  };
  const preview: Writer['preview'] = request =>
    writer.preview({ ...authorized(request), clearance: { kind: 'preview' } });

  const requirementsOf = ({ changes }: WriteRequest) =>
    readRequirements(
      store,
      changes.map(({ path }) => path),
    );

  async function propose(request: WriteRequest, applyAt: string | undefined): Promise<Proposed> {
    if (request.part) {
      throw new ServiceError('approval_required', {
        message: 'it takes several transactions, and a proposal is one: ask for fewer keys at a time',
      });
    }
    const requirements = await requirementsOf(request);
    const clearance = { kind: 'preview', stored: true } as const;
    const previewed = await writer.preview({ ...authorized(request), clearance });
    const content = contentOf(previewed, request, making(applyAt, trialOf(request)));
    const begun = { ...content, digest: digestOf(content), approvals: [], comments: [] };
    const change = putProposal({ ...begun, state: openState(begun, requirements) }, content.generation);
    // Applied it is one transaction with its record: found out now rather than when it was approved.
    checkShape({ ...request, changes: [...request.changes, change] });
    const { actor, reason } = request;
    const made = await writer.write({ changes: [change], actor, reason, rollbackAvailable: false });
    proposed.inc();
    return new Proposed({
      proposal: made.records[0] as unknown as Proposal,
      requirements,
      revision: made.revision,
    });
  }

  /** How long the request is to be on trial. @throws ServiceError where that can't be */
  function trialOf(request: WriteRequest): number | undefined {
    const { trialS } = calls.current();
    if (trialS !== undefined) requireTriable(request);
    return trialS;
  }

  /** The change and its record as a proposal that was applied, in one transaction. */
  async function writeOnRecord(request: WriteRequest, byBreakingGlass: boolean): Promise<Committed> {
    const previewed = await preview(request);
    const made = making(undefined, trialOf(request));
    const applied = appliedAtOnce(previewed, request, made);
    const needed = byBreakingGlass ? await requirementsOf(request) : [];
    const mark = byBreakingGlass && ({ break_glass: true } as const);
    const record = { ...putOnTrial(applied, needed, made.now, regions), ...mark };
    const committed = await writer.write({
      ...authorized(request),
      changes: [...request.changes, putProposal(record, previewed.generation)],
      ...(byBreakingGlass && { clearance: { kind: 'break_glass' } }),
      mark: { proposal: record.id, ...mark },
      ...(record.trial && { awaited: true }),
    });
    if (record.trial) calls.current().onTrial?.(record.id);
    if (byBreakingGlass) {
      broken.inc();
      const { actor } = request;
      log.warn({ proposal: record.id, actor, revision: committed.revision }, 'the glass was broken');
    }
    return withoutLast(committed);
  }

  async function breakGlass(request: WriteRequest): Promise<Committed> {
    if (request.reason.trim() === '') throw fieldFault('reason', 'is needed where the glass is broken');
    const { authorizeBreaking } = calls.current();
    if (authorizeBreaking)
      await writer.preview({ ...request, authorize: authorizeBreaking, clearance: { kind: 'preview' } });
    return writeOnRecord(request, true);
  }

  return {
    preview,
    propose,
    write: async request => {
      const { breakGlass: mayBreak, applyAt } = calls.current();
      if (applyAt !== undefined) throw await propose(request, applyAt);
      try {
        const onTrial = trialOf(request) !== undefined;
        return await (onTrial ? writeOnRecord(request, false) : writer.write(authorized(request)));
      } catch (error) {
        if (!(error instanceof ServiceError) || error.code !== 'approval_required') throw error;
      }
      if (mayBreak) return breakGlass(request);
      throw await propose(request, undefined);
    },
  };
}

function making(applyAt: string | undefined, trialS: number | undefined): Making {
  const now = Date.now();
  return { id: createOperationId(now), now: new Date(now).toISOString(), applyAt, trialS };
}

/** As the route expects it: its own changes, in their order. */
function withoutLast({ plan, records, ...committed }: Committed): Committed {
  const own = { planned: plan.planned.slice(0, -1), changes: plan.changes.slice(0, -1) };
  const kept = records.slice(0, -1);
  return { ...committed, records: kept, plan: { ...plan, ...own, records: kept } };
}
