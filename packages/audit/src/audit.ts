/** The driver: what the rest of the project knows of Postgres. */
import type { ConfigurationVersion, HistoryCommit, RecordPath } from '@quantivista/contracts';
import { type AccessLog, createAccessLog } from './access-log.ts';
import { createBatch } from './batch.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { createDenialRecord, type DenialRecord } from './denials.ts';
import { createEventLog, type EventLog } from './events.ts';
import { createFlagProjection, type FlagProjection } from './flag-projection.ts';
import { createFlagUsage, type FlagUsageTable } from './flag-usage.ts';
import { type HistoryPage, listHistory } from './history.ts';
import { migrate } from './migrate.ts';
import { revisionAt } from './moment.ts';
import { type AuditOptions, createPool, translated, unavailable } from './pool.ts';
import { createSealedSecrets, type SealedSecrets } from './sealed-secrets.ts';
import { type ChangeSince, changesSince, type Span } from './since.ts';
import { createTokenUses, type TokenUses } from './token-use.ts';
import {
  type Decision,
  type Intent,
  type Outcome,
  pendingIntents,
  recordIntents,
  recordOutcomes,
  settledRevision,
} from './trail.ts';
import { listVersions, readVersion, type VersionPage, versionTimes } from './versions.ts';

/** Every call throws ServiceError `audit_unavailable` where Postgres does not answer in time. */
export interface Audit {
  migrate(): Promise<void>;
  recordIntent(intent: Intent): Promise<void>;
  /** True for the first to record it. */
  recordOutcome(intent: Intent, outcome: Outcome): Promise<boolean>;
  pendingIntents(olderThanMs: number): Promise<Intent[]>;
  /**
   * Up to which revision everything committed in a generation has its outcome.
   * @param storeRevision read from the store before this is asked
   */
  settledRevision(generation: string, storeRevision: number): Promise<number>;
  /** Versions exist within a generation. */
  versions(generation: string, path: RecordPath, page: VersionPage): Promise<ConfigurationVersion[]>;
  version(generation: string, path: RecordPath, version: number): Promise<ConfigurationVersion | undefined>;
  /** When a version was made, and when its key was created that time. The version must exist. */
  versionTimes(
    generation: string,
    path: RecordPath,
    version: number,
  ): Promise<{ createdMs: number; updatedMs: number }>;
  /** The newest revision made at or before `atMs`, by the authorities' clocks; `undefined` for none. */
  revisionAt(generation: string, atMs: number): Promise<number | undefined>;
  /** What became of a service's keys after one revision and up to another, by key. */
  changesSince(generation: string, span: Span): Promise<ChangeSince[]>;
  /** Commits, newest first. */
  history(generation: string, page: HistoryPage): Promise<HistoryCommit[]>;
  /** The newest revision known to be committed in a generation; 0 for none. */
  highestRevision(generation: string): Promise<number>;
  readonly flagProjection: FlagProjection;
  readonly flagUsage: FlagUsageTable;
  readonly events: EventLog;
  readonly deliveries: Deliveries;
  readonly sealedSecrets: SealedSecrets;
  readonly denials: DenialRecord;
  readonly tokenUses: TokenUses;
  readonly accessLog: AccessLog;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface CreateAuditOptions extends AuditOptions {
  /** As the user who owns the tables. @default as who serves */
  readonly migrateUrl?: string;
  readonly migratePassword?: AuditOptions['password'];
}

export function createAudit({ migrateUrl, migratePassword, ...options }: CreateAuditOptions): Audit {
  const pool = createPool(options);
  const addIntent = createBatch<Intent, void>(async intents => {
    await recordIntents(pool, intents);
    return intents.map(() => undefined);
  });
  const addOutcome = createBatch<Decision, boolean>(decisions => recordOutcomes(pool, decisions));
  return {
    migrate: () =>
      migrate(
        migrateUrl === undefined ? options : { ...options, url: migrateUrl, password: migratePassword },
      ).catch(unavailable),
    recordIntent: intent => addIntent(intent).catch(unavailable),
    recordOutcome: (intent, outcome) => addOutcome({ intent, outcome }).catch(unavailable),
    pendingIntents: olderThanMs => pendingIntents(pool, olderThanMs).catch(unavailable),
    settledRevision: (generation, storeRevision) =>
      settledRevision(pool, generation, storeRevision).catch(unavailable),
    versions: (generation, path, page) => listVersions(pool, generation, path, page).catch(unavailable),
    version: (generation, path, version) => readVersion(pool, generation, path, version).catch(unavailable),
    versionTimes: (generation, path, version) =>
      versionTimes(pool, generation, path, version).catch(unavailable),
    revisionAt: (generation, atMs) => revisionAt(pool, generation, atMs).catch(unavailable),
    changesSince: (generation, span) => changesSince(pool, generation, span).catch(unavailable),
    history: (generation, page) => listHistory(pool, generation, page).catch(unavailable),
    highestRevision: async generation => {
      const { rows } = await pool
        .query<{ highest: string | null }>(
          'SELECT max(revision) AS highest FROM configuration_audit WHERE generation = $1',
          [generation],
        )
        .catch(unavailable);
      return Number(rows[0]?.highest ?? 0);
    },
    flagProjection: translated(createFlagProjection(pool)),
    flagUsage: translated(createFlagUsage(pool)),
    events: translated(createEventLog(pool)),
    deliveries: translated(createDeliveries(pool)),
    sealedSecrets: translated(createSealedSecrets(pool)),
    denials: translated(createDenialRecord(pool)),
    tokenUses: translated(createTokenUses(pool)),
    accessLog: translated(createAccessLog(pool)),
    ping: async () => {
      await pool.query('SELECT 1').catch(unavailable);
    },
    close: () => pool.end(),
  };
}
