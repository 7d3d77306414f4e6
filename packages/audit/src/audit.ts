/** The driver: what the rest of the project knows of Postgres. */
import type { ConfigurationVersion, RecordPath } from '@quantivista/contracts';
import { createBatch } from './batch.ts';
import { migrate } from './migrate.ts';
import { type AuditOptions, createPool, unavailable } from './pool.ts';
import {
  type Decision,
  type Intent,
  type Outcome,
  pendingIntents,
  recordIntents,
  recordOutcomes,
  settledRevision,
} from './trail.ts';
import { listVersions, readVersion, type VersionPage } from './versions.ts';

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
  /** The newest revision known to be committed in a generation; 0 for none. */
  highestRevision(generation: string): Promise<number>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function createAudit(options: AuditOptions): Audit {
  const pool = createPool(options);
  const addIntent = createBatch<Intent, void>(async intents => {
    await recordIntents(pool, intents);
    return intents.map(() => undefined);
  });
  const addOutcome = createBatch<Decision, boolean>(decisions => recordOutcomes(pool, decisions));
  return {
    migrate: () => migrate(pool).catch(unavailable),
    recordIntent: intent => addIntent(intent).catch(unavailable),
    recordOutcome: (intent, outcome) => addOutcome({ intent, outcome }).catch(unavailable),
    pendingIntents: olderThanMs => pendingIntents(pool, olderThanMs).catch(unavailable),
    settledRevision: (generation, storeRevision) =>
      settledRevision(pool, generation, storeRevision).catch(unavailable),
    versions: (generation, path, page) => listVersions(pool, generation, path, page).catch(unavailable),
    version: (generation, path, version) => readVersion(pool, generation, path, version).catch(unavailable),
    highestRevision: async generation => {
      const { rows } = await pool
        .query<{ highest: string | null }>(
          'SELECT max(revision) AS highest FROM configuration_audit WHERE generation = $1',
          [generation],
        )
        .catch(unavailable);
      return Number(rows[0]?.highest ?? 0);
    },
    ping: async () => {
      await pool.query('SELECT 1').catch(unavailable);
    },
    close: () => pool.end(),
  };
}
