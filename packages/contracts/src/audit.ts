/** The trail as it is asked for: entries, what was found wrong, and whether it holds. */
import { z } from '@hono/zod-openapi';
import { ConfigType, JsonValue } from './configuration.ts';
import { FreeText } from './free-text.ts';
import { AUTHORITY_PREFIX } from './keys.ts';
import { ActorName, ENVIRONMENTS, Environment, ServiceName } from './names.ts';
import { RECORD_KINDS } from './records.ts';
import { Generation, Revision } from './revision.ts';

/** Each environment has a chain of its own, and so have the records that belong to none. */
export const AUDIT_CHAINS = [...ENVIRONMENTS, '*'] as const;
/** An environment, or `*` for records that belong to none. */
export const AuditChain = z
  .union([Environment, z.literal('*')])
  .openapi({ type: 'string', enum: [...AUDIT_CHAINS], example: 'PRODUCTION' });
export type AuditChain = (typeof AUDIT_CHAINS)[number];

export const AUDIT_ANCHORS_PREFIX = `${AUTHORITY_PREFIX}audit/`;
/** Where the newest place of a chain ({@link AuditAnchor}) stands in etcd. */
export const auditAnchorKey = (chain: AuditChain): string => AUDIT_ANCHORS_PREFIX + chain.toLowerCase();

/** Value of {@link auditAnchorKey}. */
export const AuditAnchor = z.object({
  environment: z.enum(AUDIT_CHAINS),
  sequence: z.int().positive(),
  /** SHA-256, in hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type AuditAnchor = z.infer<typeof AuditAnchor>;

export const AUDIT_OUTCOMES = ['committed', 'aborted', 'unknown'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** A change of one record: one that was made, or that was wanted and given up. */
export const AuditEntry = z
  .object({
    id: z
      .string()
      .openapi({ description: 'of the row; of one that was not made the intent and its place in it' }),
    outcome: z.enum(AUDIT_OUTCOMES),
    kind: z.enum(RECORD_KINDS),
    environment: z.enum(AUDIT_CHAINS),
    service_name: z.string(),
    config_key: z.string(),
    version: z.int().openapi({ description: 'which it became, or would have become' }),
    deleted: z.boolean(),
    old_value: JsonValue,
    new_value: JsonValue,
    config_type: ConfigType.nullable(),
    description: z.string(),
    updated_by: ActorName,
    reason: z.string(),
    rollback_available: z.boolean(),
    intent_id: z.uuid(),
    generation: Generation,
    revision: Revision.nullable().openapi({ description: '`null` where it was not made' }),
    created_at: z.iso.datetime(),
  })
  .openapi('AuditEntry');
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Postgres has no year 0. */
const instant = z.iso
  .datetime({ offset: true })
  .refine(text => !text.startsWith('0000'), 'is before all time')
  .openapi({ example: '2026-11-24T09:00:00Z' });
const wanted = FreeText.min(1).max(200);

/** Which entries; all that are given must hold. */
export const AuditFilter = z.object({
  environment: AuditChain.optional(),
  service_name: ServiceName.optional(),
  config_key: wanted.optional(),
  kind: z.enum(RECORD_KINDS).optional(),
  updated_by: wanted.optional(),
  from: instant.optional().openapi({ description: 'recorded then or later' }),
  to: instant.optional().openapi({ description: 'recorded before' }),
  revision: z.coerce.number().int().positive().optional(),
  outcome: z.enum(AUDIT_OUTCOMES).default('committed'),
});
export type AuditFilter = z.infer<typeof AuditFilter>;

/** Newest first; `next_cursor` asks for the following page. A page of large values may be shorter than asked for. */
export const AuditPage = z
  .object({ entries: z.array(AuditEntry), next_cursor: z.string().optional() })
  .openapi('AuditPage');
export type AuditPage = z.infer<typeof AuditPage>;

export const FINDING_KINDS = ['foreign_change', 'missing_change', 'chain_broken'] as const;
export const AuditFinding = z
  .object({
    sequence: z.int(),
    id: z.uuid(),
    kind: z.enum(FINDING_KINDS).openapi({
      description:
        'a record in etcd that no write of the authority has changed so; a change on record that etcd does not have; a chain that lacks its anchor',
    }),
    at: z.iso.datetime(),
    generation: Generation,
    revision: Revision,
    subject: z.string().openapi({ description: 'the etcd key, or the chain' }),
    details: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditFinding');
export type AuditFinding = z.infer<typeof AuditFinding>;
/** Newest first; `next_before` asks for the following page. */
export const AuditFindingList = z
  .object({ findings: z.array(AuditFinding), next_before: z.int().optional() })
  .openapi('AuditFindingList');
export type AuditFindingList = z.infer<typeof AuditFindingList>;

/** What verification can find, and what each means. */
export const AUDIT_FAULTS = {
  changed: 'a row is not what it was when it was sealed, or not what its intent says',
  removed: 'a row is gone',
  order: 'rows stand in another order than they were sealed in',
  inserted: 'a row was put in that no committed change has made',
  unsealed: 'a row has not been sealed for long',
  chain: 'entries of the chain are gone or altered',
  cut_off: 'the chain does not hold what etcd knows as its end',
  unanchored: 'etcd does not know the end of the chain',
  unresolved: 'an intent has neither an outcome nor a place in the work list',
  store: 'what etcd holds is not what the newest row says',
} as const;
export type AuditFaultKind = keyof typeof AUDIT_FAULTS;

export const AuditFault = z
  .object({
    fault: z.enum(Object.keys(AUDIT_FAULTS) as [AuditFaultKind, ...AuditFaultKind[]]),
    message: z.string(),
    environment: z.string(),
    kind: z.string().optional(),
    service_name: z.string().optional(),
    config_key: z.string().optional(),
    version: z.int().optional(),
    revision: z.int().optional(),
    id: z.string().optional().openapi({ description: 'of the row, or of the intent' }),
    sequence: z.int().optional().openapi({ description: 'place in the chain' }),
  })
  .openapi('AuditFault');
export type AuditFault = z.infer<typeof AuditFault>;

export const AuditVerdict = z.object({
  ok: z.boolean(),
  faults: z.int(),
  /** Entries of the chains that were recomputed. */
  sealed: z.int(),
  /** Rows not sealed yet, young ones too. */
  unsealed: z.int(),
  intents: z.int(),
  /** Records in etcd that were compared. */
  records: z.int(),
  ms: z.int(),
});
export type AuditVerdict = z.infer<typeof AuditVerdict>;

/** A line of the answer to a verification: faults as they are found, how far it is, and at last the verdict. */
export const AuditVerificationLine = z
  .union([
    z.object({ fault: AuditFault }),
    z.object({ progress: z.object({ step: z.string(), checked: z.int() }) }),
    z.object({ verdict: AuditVerdict }),
    z.object({ failed: z.string() }).openapi({ description: 'it could not be finished' }),
  ])
  .openapi('AuditVerificationLine');
export type AuditVerificationLine = z.infer<typeof AuditVerificationLine>;
