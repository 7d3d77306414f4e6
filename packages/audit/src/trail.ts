/** Intents and outcomes: no acknowledged change without a record, no record of a change that did not happen. */
import type { ConfigType, Environment, Json, RecordKind } from '@quantivista/contracts';
import type { Pool } from 'pg';

/** One record's change as it is recorded: enough to write its version without asking anyone. */
export interface RecordedChange {
  readonly kind: RecordKind;
  /** `*` and empty where the kind belongs to no environment or service. */
  readonly environment: Environment | '*';
  readonly service_name: string;
  readonly config_key: string;
  readonly version: number;
  readonly deleted: boolean;
  /** `null` where there was none. */
  readonly old_value: Json;
  /** `null` where deleted. */
  readonly new_value: Json;
  /** Of configurations alone. */
  readonly config_type: ConfigType | null;
  readonly description: string;
  /** Of a rollback: the version restored, 0 where the record had not existed. */
  readonly restored_version?: number | undefined;
}

export interface Intent {
  /** UUIDv7: sorts by time. */
  readonly id: string;
  readonly generation: string;
  /** The store's revision when the plan was made: what comes of it is of a later one. */
  readonly readRevision: number;
  readonly actor: string;
  readonly reason: string;
  readonly rollbackAvailable: boolean;
  readonly changes: readonly RecordedChange[];
}

export type Outcome =
  | { readonly status: 'committed'; readonly revision: number }
  | { readonly status: 'aborted' | 'unknown' };

export interface PendingIntent {
  readonly id: string;
  readonly generation: string;
}

export async function recordIntent(pool: Pool, intent: Intent): Promise<void> {
  await pool.query({
    name: 'record-intent',
    text: `WITH intent AS (
             INSERT INTO change_intent (id, generation, actor, reason, rollback_available, operations)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id, generation
           )
           INSERT INTO change_pending (intent_id, generation, read_revision)
             SELECT id, generation, $7 FROM intent`,
    values: [
      intent.id,
      intent.generation,
      intent.actor,
      intent.reason,
      intent.rollbackAvailable,
      JSON.stringify(intent.changes),
      intent.readRevision,
    ],
  });
}

/**
 * Record what became of an intent, and with `committed` its versions: one statement, so both or neither.
 * The writer and recovery may both do it; the first counts, and answers true.
 */
export async function recordOutcome(pool: Pool, intentId: string, outcome: Outcome): Promise<boolean> {
  const revision = outcome.status === 'committed' ? outcome.revision : null;
  const { rowCount } = await pool.query({
    name: 'record-outcome',
    text: `WITH outcome AS (
             INSERT INTO change_outcome (intent_id, status, revision) VALUES ($1, $2, $3)
             ON CONFLICT (intent_id) DO NOTHING RETURNING intent_id, status, revision
           ), versions AS (
             INSERT INTO configuration_audit (kind, config_key, service_name, environment, old_value, new_value,
               updated_by, reason, version, intent_id, generation, revision, deleted, config_type, description,
               rollback_available, restored_version)
             SELECT change.kind, change.config_key, change.service_name, change.environment, change.old_value,
               coalesce(change.new_value, 'null'::jsonb), intent.actor, intent.reason, change.version, intent.id,
               intent.generation, outcome.revision, change.deleted, change.config_type, change.description,
               intent.rollback_available, change.restored_version
             FROM outcome JOIN change_intent intent ON intent.id = outcome.intent_id,
               jsonb_to_recordset(intent.operations) AS change(kind text, config_key text, service_name text, environment text,
                 old_value jsonb, new_value jsonb, version int, deleted boolean, config_type text, description text,
                 restored_version int)
             WHERE outcome.status = 'committed'
           ), settled AS (
             DELETE FROM change_pending USING outcome WHERE change_pending.intent_id = outcome.intent_id
           )
           SELECT 1 FROM outcome`,
    values: [intentId, outcome.status, revision],
  });
  return rowCount === 1;
}

/** Intents without an outcome that are older than `olderThanMs` by the database's clock, oldest first. */
export async function pendingIntents(pool: Pool, olderThanMs: number): Promise<PendingIntent[]> {
  const { rows } = await pool.query<PendingIntent>({
    name: 'pending-intents',
    text: `SELECT intent_id AS id, generation FROM change_pending
           WHERE created_at < now() - $1 * interval '1 millisecond'
           ORDER BY created_at LIMIT 1000`,
    values: [olderThanMs],
  });
  return rows;
}

/**
 * Up to which revision everything committed in a generation has its outcome: `storeRevision`, or less where an
 * intent is outstanding. What is recorded later is of a later revision.
 * @param storeRevision read from the store before this is asked
 */
export async function settledRevision(
  pool: Pool,
  generation: string,
  storeRevision: number,
): Promise<number> {
  const { rows } = await pool.query<{ settled: string }>({
    name: 'settled-revision',
    text: `SELECT least(min(read_revision), $2::bigint) AS settled FROM change_pending WHERE generation = $1`,
    values: [generation, storeRevision],
  });
  return Number(rows[0]!.settled);
}
