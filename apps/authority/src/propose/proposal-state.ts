/** What may happen to a proposal, and what it is then. Pure. */
import {
  MAX_COMMENTS,
  type Proposal,
  type ProposalState,
  type Requirement,
  ServiceError,
  type Statement,
} from '@quantivista/contracts';
import { unmet } from './requirements.ts';

/** `at` is by the authority's clock; `by` of what no person did is the one for whom it was tried. */
export type ProposalEvent = Statement & {
  readonly type:
    | 'approve'
    | 'reject'
    | 'withdraw'
    | 'comment'
    | 'apply'
    /** What it would change was found changed. */
    | 'stale'
    /** Its time came, and it was refused for a reason that no approval mends. */
    | 'fail'
    /** Its time came, and approvals were missing by the protection as it stood. */
    | 'recount';
};

/** The part of a proposal that events change. */
export type ProposalProgress = Pick<
  Proposal,
  'author' | 'apply_at' | 'state' | 'approvals' | 'comments' | 'closed'
>;

const ENDS: Partial<Record<ProposalEvent['type'], ProposalState>> = {
  reject: 'rejected',
  withdraw: 'withdrawn',
  apply: 'applied',
  stale: 'stale',
  fail: 'failed',
};

export const isClosed = (state: ProposalState): boolean =>
  state !== 'open' && state !== 'approved' && state !== 'scheduled';

/** Where a proposal stands that is not closed. */
export function openState(
  { author, approvals, apply_at }: Pick<Proposal, 'author' | 'approvals' | 'apply_at'>,
  requirements: readonly Requirement[],
): ProposalState {
  if (unmet(requirements, author, approvals).length > 0) return 'open';
  return apply_at === undefined ? 'approved' : 'scheduled';
}

/**
 * A proposal after an event, by the protection as it stands.
 * @throws ServiceError `proposal_closed`, `forbidden`, `conflict`, `not_due`, `approval_required`
 */
export function step<P extends ProposalProgress>(
  proposal: P,
  event: ProposalEvent,
  requirements: readonly Requirement[],
): P {
  const { type, ...statement } = event;
  refuse(proposal, event, requirements);
  const state = ENDS[type];
  if (state) return { ...proposal, state, closed: statement };
  if (type === 'comment') return { ...proposal, comments: [...proposal.comments, statement] };
  const approvals = type === 'approve' ? [...proposal.approvals, statement] : proposal.approvals;
  return { ...proposal, approvals, state: openState({ ...proposal, approvals }, requirements) };
}

function refuse(
  { state, author, approvals, comments, apply_at }: ProposalProgress,
  { type, by, at }: ProposalEvent,
  requirements: readonly Requirement[],
): void {
  const details = { state };
  if (isClosed(state))
    throw new ServiceError('proposal_closed', { message: `the proposal is ${state}`, details });
  const forbid = (message: string): never => {
    throw new ServiceError('forbidden', { message, details });
  };
  if (type === 'approve' && by === author) forbid('the author may not approve');
  if (type === 'approve' && approvals.some(each => each.by === by)) {
    throw new ServiceError('conflict', { message: `${by} has approved it already`, details });
  }
  if (type === 'reject' && by === author) forbid('the author withdraws a proposal, others reject it');
  if (type === 'withdraw' && by !== author) forbid('the author alone may withdraw it');
  if (type === 'comment' && comments.length >= MAX_COMMENTS) {
    throw new ServiceError('conflict', { message: `there are ${MAX_COMMENTS} comments already`, details });
  }
  if (type !== 'apply') return;
  if (apply_at !== undefined && Date.parse(at) < Date.parse(apply_at)) {
    throw new ServiceError('not_due', { message: `it is applied at ${apply_at}`, details });
  }
  requireApprovals(requirements, author, approvals);
}

/** @throws ServiceError `approval_required`, naming what is missing */
export function requireApprovals(
  requirements: readonly Requirement[],
  author: string,
  approvals: readonly Pick<Statement, 'by'>[],
): void {
  const missing = unmet(requirements, author, approvals);
  if (missing.length === 0) return;
  const each = missing.map(({ environment, required_approvals, approvers }) => {
    const whose = approvers ? ` of ${approvers.join(', ')}` : '';
    return `${environment} needs ${required_approvals}${whose}`;
  });
  throw new ServiceError('approval_required', {
    message: `approvals are missing: ${each.join('; ')}`,
    details: { requirements: missing },
  });
}
