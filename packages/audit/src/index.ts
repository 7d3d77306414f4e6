export { type Audit, createAudit } from './audit.ts';
export type { Deliveries, DeliveryStatus, Progress, Waiting } from './deliveries.ts';
export type { Affected, EventHead, EventLog } from './events.ts';
export type {
  FlagProjection,
  FlagState,
  ProjectedFlag,
  ProjectionPosition,
} from './flag-projection.ts';
export type { HistoryPage } from './history.ts';
export type { AuditOptions } from './pool.ts';
export type { SealedSecrets } from './sealed-secrets.ts';
export type { ChangeSince, KeyState, Span } from './since.ts';
export type { Intent, Outcome, RecordedChange } from './trail.ts';
export type { VersionPage } from './versions.ts';
