export type { AccessLog } from './access-log.ts';
export { type Audit, createAudit } from './audit.ts';
export { canonicalJson } from './canonical.ts';
export type { Deliveries, DeliveryStatus, Progress, Waiting } from './deliveries.ts';
export type { DenialPage } from './denials.ts';
export type { Affected, EventHead, EventLog } from './events.ts';
export { createEvidence, type Evidence } from './evidence.ts';
export type { CommittedChange, Finding } from './findings.ts';
export type {
  FlagProjection,
  FlagState,
  ProjectedFlag,
  ProjectionPosition,
} from './flag-projection.ts';
export type { FlagUsageTable, UsageKept, UsageOfVariant } from './flag-usage.ts';
export type { HistoryPage } from './history.ts';
export type { NewestRow, RecordGroup } from './newest.ts';
export type { AuditOptions } from './pool.ts';
export type { ChainHead, Sealed } from './seal.ts';
export type { SealedSecrets } from './sealed-secrets.ts';
export type { ChangeSince, KeyState, Span } from './since.ts';
export type { Intent, Outcome, RecordedChange } from './trail.ts';
export type { Checked } from './verify-chain.ts';
export type { VersionPage } from './versions.ts';
