export { type Audit, createAudit } from './audit.ts';
export type { HistoryPage } from './history.ts';
export type { AuditOptions } from './pool.ts';
export type { ChangeSince, KeyState, Span } from './since.ts';
export type { Intent, Outcome, PendingIntent, RecordedChange } from './trail.ts';
export type { VersionPage } from './versions.ts';
