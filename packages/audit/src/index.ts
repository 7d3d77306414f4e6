export { type Audit, createAudit } from './audit.ts';
export type { Deliveries, DeliveryStatus, Progress, Waiting } from './deliveries.ts';
export type { Affected, EventHead, EventLog } from './events.ts';
export type { AuditOptions } from './pool.ts';
export type { SealedSecrets } from './sealed-secrets.ts';
export type { Intent, Outcome, PendingIntent, RecordedChange } from './trail.ts';
export type { VersionPage } from './versions.ts';
