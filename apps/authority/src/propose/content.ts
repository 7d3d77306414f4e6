/** What a proposal would change: taken from a plan, and turned into a request again. */
import { createHash } from 'node:crypto';
import {
  entityTag,
  type Json,
  MAX_PROPOSAL_BYTES,
  type Proposal,
  type ProposedChange,
  type ProposedPath,
  proposalPath,
  type RecordPath,
  ServiceError,
} from '@quantivista/contracts';
import type { Preview } from '../write/prepare.ts';
import type { RequestedChange, StoredRecord, WriteRequest } from '../write/request.ts';
import type { PlannedChange } from '../write/rule.ts';

export type ProposalContent = Pick<
  Proposal,
  | 'id'
  | 'generation'
  | 'author'
  | 'reason'
  | 'rollback_available'
  | 'created_at'
  | 'apply_at'
  | 'trial_s'
  | 'changes'
>;

export const recordPathOf = ({ kind, environment, service_name, config_key }: ProposedPath): RecordPath => ({
  kind,
  environment,
  service: service_name,
  key: config_key,
});
export const proposedPathOf = ({ kind, environment, service, key }: RecordPath): ProposedPath => ({
  kind,
  environment,
  service_name: service,
  config_key: key,
});

const proposedChange = ({ path, before, after }: PlannedChange): ProposedChange => ({
  ...proposedPathOf(path),
  base_version: before?.record.version ?? null,
  base_revision: before?.modRevision ?? null,
  before: (before?.record as Json | undefined) ?? null,
  after: (after as Json | undefined) ?? null,
});

/** What a proposal is besides the request that it comes from. */
export interface Making {
  readonly id: string;
  /** ISO 8601. */
  readonly now: string;
  readonly applyAt?: string | undefined;
  readonly trialS?: number | undefined;
}

const contentWith = (
  changes: ProposedChange[],
  generation: string,
  { actor, reason, rollbackAvailable }: WriteRequest,
  { id, now, applyAt, trialS }: Making,
): ProposalContent => ({
  id,
  generation,
  author: actor,
  reason,
  rollback_available: rollbackAvailable,
  created_at: now,
  ...(applyAt !== undefined && { apply_at: applyAt }),
  ...(trialS !== undefined && { trial_s: trialS }),
  changes,
});

/** @throws ServiceError `too_large` */
export function contentOf({ generation, plan }: Preview, request: WriteRequest, making: Making) {
  const changes = plan.planned.map(proposedChange);
  if (Buffer.byteLength(JSON.stringify(changes)) > MAX_PROPOSAL_BYTES) {
    throw new ServiceError('too_large', {
      message: `what is proposed, with what it replaces, is over ${MAX_PROPOSAL_BYTES} bytes`,
    });
  }
  return contentWith(changes, generation, request, making);
}

/** The record of a change that is made without approvals: its values stand in the trail alone. */
export function appliedAtOnce(
  { generation }: Preview,
  request: WriteRequest,
  making: Making,
): Omit<Proposal, 'version'> {
  const changes = request.changes.map(({ path }) => ({
    ...proposedPathOf(path),
    base_version: null,
    base_revision: null,
    before: null,
    after: null,
  }));
  const content = contentWith(changes, generation, request, making);
  return {
    ...content,
    digest: digestOf(content),
    state: 'applied',
    approvals: [],
    comments: [],
    closed: { by: content.author, at: content.created_at },
  };
}

/** Stands for everything that an approver has seen. */
export const digestOf = (content: ProposalContent): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex');

/** The changes of a proposal, on the condition that every record is still the one that it was made from. */
export const requestedChanges = ({ generation, changes }: ProposalContent): RequestedChange[] =>
  changes.map((change, index) => ({
    path: recordPathOf(change),
    field: `changes.${index}`,
    conditions:
      change.base_revision === null
        ? { ifAbsent: true }
        : { ifMatch: entityTag(generation, change.base_revision) },
    next: (_, { version, now }) =>
      change.after === null
        ? undefined
        : asOf(change.after as unknown as StoredRecord, { version, now }, change),
  }));

/** The record as it was approved, with the version and times of its being applied. */
const asOf = (
  after: StoredRecord,
  { version, now }: { version: number; now: string },
  { before }: ProposedChange,
): StoredRecord => ({
  ...after,
  version,
  ...('updated_at' in after && { updated_at: now }),
  ...(before === null && 'created_at' in after && { created_at: now }),
});

/** Puts a proposal's record: where `modRevision` is given, in place of the one of that mod revision. */
export const putProposal = (
  proposal: Omit<Proposal, 'version'>,
  generation: string,
  modRevision?: number,
): RequestedChange => ({
  path: proposalPath(proposal.id),
  field: 'proposal',
  conditions:
    modRevision === undefined ? { ifAbsent: true } : { ifMatch: entityTag(generation, modRevision) },
  next: (_, { version }) => ({ ...proposal, version }) as unknown as StoredRecord,
});
