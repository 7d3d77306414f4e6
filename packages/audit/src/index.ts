export { type Audit, createAudit } from './audit.ts';
export type { AuditOptions } from './pool.ts';
export type { Intent, Outcome, RecordedChange } from './trail.ts';
export type { VersionPage } from './versions.ts';
