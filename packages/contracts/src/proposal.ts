/** Changes that wait for approvals, or for their time. */
import { z } from '@hono/zod-openapi';
import { BatchChange, JsonValue, MAX_BATCH_CHANGES } from './configuration.ts';
import { FreeText } from './free-text.ts';
import { ActorName, ENVIRONMENTS, Environment } from './names.ts';
import { Instance } from './network-routes.ts';
import { RECORD_KINDS } from './records.ts';
import { Revision } from './revision.ts';
import { Time } from './time.ts';

/** The last six are closed: nothing comes after them. What is on trial ends as applied or as reverted, by itself. */
export const PROPOSAL_STATES = [
  'open',
  'approved',
  'scheduled',
  'on_trial',
  'applied',
  'reverted',
  'rejected',
  'withdrawn',
  'stale',
  'failed',
] as const;
export const ProposalState = z.enum(PROPOSAL_STATES).openapi('ProposalState');
export type ProposalState = z.infer<typeof ProposalState>;

/** Larger ones are refused: applying puts the changes and their record into one transaction. */
export const MAX_PROPOSAL_BYTES = 600_000;
export const MAX_COMMENTS = 50;

const ProposedPath = z.object({
  kind: z.enum(RECORD_KINDS),
  environment: z.enum([...ENVIRONMENTS, '*']),
  service_name: z.string(),
  config_key: z.string(),
});
export type ProposedPath = z.infer<typeof ProposedPath>;

/** One record's change. Records are as they are stored; null: there is none. */
export const ProposedChange = z
  .object({
    ...ProposedPath.shape,
    base_version: z.int().nullable().openapi({ description: 'of `before`' }),
    base_revision: z.int().nullable().openapi({ description: 'at which `before` was put' }),
    before: JsonValue,
    after: JsonValue,
  })
  .openapi('ProposedChange');
export type ProposedChange = z.infer<typeof ProposedChange>;

const Statement = z.object({ by: ActorName, at: z.iso.datetime(), comment: z.string().optional() });
export type Statement = z.infer<typeof Statement>;

export const MAX_TRIAL_S = 86_400;

/** Of a change that is put back where a client says in time that it can't use it. */
export const Trial = z
  .object({
    until: z.iso.datetime(),
    refused_before: z.record(z.string(), Revision).openapi({
      description:
        'instances that could not use the state before it either, and the revision that they had refused: they have ' +
        'no say unless they have used one since',
    }),
    revision: Revision.optional().openapi({
      description: 'at which it was applied; once the trial has ended',
    }),
    ended: Statement.optional().openapi({ description: 'and why it ended so' }),
  })
  .openapi('Trial');
export type Trial = z.infer<typeof Trial>;

/** In etcd it is stored as exactly this JSON. Its content, up to `changes`, never changes: `digest` stands for it. */
export const Proposal = z
  .object({
    id: z.uuid(),
    generation: z.uuid(),
    author: ActorName,
    reason: z.string(),
    rollback_available: z.boolean(),
    created_at: z.iso.datetime(),
    apply_at: z.iso.datetime().optional(),
    trial_s: z.int().optional().openapi({ description: 'how long it is on trial, once it is applied' }),
    changes: z.array(ProposedChange).openapi({
      description: 'where the glass was broken without values: the trail has them, at the same revision',
    }),
    digest: z.string(),
    break_glass: z.literal(true).optional(),
    state: ProposalState,
    approvals: z.array(Statement),
    comments: z.array(Statement),
    closed: Statement.optional().openapi({
      description: 'who applied, rejected or withdrew it, or tried to',
    }),
    trial: Trial.optional(),
    version: z.int().positive(),
  })
  .openapi('Proposal');
export type Proposal = z.infer<typeof Proposal>;

export const Requirement = z
  .object({
    environment: Environment,
    required_approvals: z.int(),
    approvers: z.array(z.string()).optional(),
    trial_s: z.int().optional().openapi({ description: 'once it is applied, where it can be put back' }),
  })
  .openapi('Requirement');
export type Requirement = z.infer<typeof Requirement>;

/** Most instances that are named. */
export const MAX_AFFECTED = 100;
export const Affected = z
  .object({
    watchers: z.int().openapi({ description: 'open streams that would be told' }),
    instances: z.array(Instance),
    truncated: z.boolean().openapi({ description: 'whether more are affected than are named' }),
  })
  .openapi('Affected');
export type Affected = z.infer<typeof Affected>;

/** A proposal, and how things stand with it at this moment. */
export const ProposalView = z
  .object({
    ...Proposal.shape,
    revision: Revision.optional().openapi({ description: 'at which it was applied' }),
    requirements: z.array(Requirement).openapi({ description: 'by the protection as it stands' }),
    changed_since: z.array(ProposedPath).openapi({ description: 'where not empty it can not be applied' }),
    affected: Affected,
  })
  .openapi('ProposalView');
export type ProposalView = z.infer<typeof ProposalView>;

export const ProposalSummary = z
  .object({
    ...Proposal.omit({ changes: true, comments: true, digest: true, generation: true }).shape,
    changes: z.array(ProposedPath),
  })
  .openapi('ProposalSummary');
export type ProposalSummary = z.infer<typeof ProposalSummary>;
export const ProposalList = z
  .object({ proposals: z.array(ProposalSummary), next_before: z.uuid().optional() })
  .openapi('ProposalList');
export type ProposalList = z.infer<typeof ProposalList>;

/** Body of `POST /proposals`. */
export const ProposalRequest = z
  .strictObject({
    changes: z.array(BatchChange).min(1).max(MAX_BATCH_CHANGES),
    apply_at: Time.optional(),
    updated_by: ActorName.optional(),
    reason: FreeText.optional(),
    rollback_available: z.boolean().default(true),
  })
  .openapi('ProposalRequest');
export type ProposalRequest = z.infer<typeof ProposalRequest>;

/** Together they must leave room for the changes, in the transaction that applies them. */
const CommentText = FreeText.max(1_000);
const comment = CommentText.optional();
/** `digest`: of the proposal as the approver has seen it. */
export const Approval = z.strictObject({ digest: z.string(), comment }).openapi('Approval');
export const Remark = z.strictObject({ comment }).openapi('Remark');
export const Comment = z.strictObject({ comment: CommentText.min(1) }).openapi('Comment');
