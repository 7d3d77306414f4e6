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

/** What became of one intent. */
export interface Decision {
  readonly intent: Intent;
  readonly outcome: Outcome;
}

/** All of them, or none. */
export async function recordIntents(pool: Pool, intents: readonly Intent[]): Promise<void> {
  await pool.query({
    name: 'record-intents',
    text: `WITH wanted AS (
             SELECT * FROM jsonb_to_recordset($1) AS wanted(id uuid, generation uuid, actor text, reason text,
               "rollbackAvailable" boolean, changes jsonb, "readRevision" bigint)
           ), intents AS (
             INSERT INTO change_intent (id, generation, actor, reason, rollback_available, operations)
             SELECT id, generation, actor, reason, "rollbackAvailable", changes FROM wanted
           )
           INSERT INTO change_pending (intent_id, generation, read_revision)
           SELECT id, generation, "readRevision" FROM wanted`,
    values: [JSON.stringify(intents)],
  });
}

/**
 * Record what became of intents, and with each `committed` its versions: one statement, so both or neither.
 * The writer and recovery may both do it; the first counts, and is answered true. Nothing is looked up in the
 * trail, which grows: a write costs the same however long it is. Planned once: with the ids as a parameter of
 * their own Postgres would expect many, find a plan for the few that come cheaper, and so plan each time anew.
 */
export async function recordOutcomes(pool: Pool, decisions: readonly Decision[]): Promise<boolean[]> {
  const { rows } = await pool.query<{ intent_id: string }>({
    name: 'record-outcomes',
    text: `WITH decided AS (
             SELECT * FROM jsonb_to_recordset($1) AS decided(id uuid, status text, revision bigint, generation uuid,
               actor text, reason text, "rollbackAvailable" boolean, changes jsonb)
           ), outcome AS (
             INSERT INTO change_outcome (intent_id, status, revision) SELECT id, status, revision FROM decided
             ON CONFLICT (intent_id) DO NOTHING RETURNING intent_id, status
           ), versions AS (
             INSERT INTO configuration_audit (kind, config_key, service_name, environment, old_value, new_value,
               updated_by, reason, version, intent_id, generation, revision, deleted, config_type, description,
               rollback_available, restored_version)
             SELECT change.kind, change.config_key, change.service_name, change.environment, change.old_value,
               coalesce(change.new_value, 'null'::jsonb), decided.actor, decided.reason, change.version, decided.id,
               decided.generation, decided.revision, change.deleted, change.config_type, change.description,
               decided."rollbackAvailable", change.restored_version
             FROM decided JOIN outcome ON outcome.intent_id = decided.id AND outcome.status = 'committed',
               jsonb_to_recordset(decided.changes) AS change(kind text, config_key text, service_name text,
                 environment text, old_value jsonb, new_value jsonb, version int, deleted boolean, config_type text,
                 description text, restored_version int)
           ), settled AS (
             DELETE FROM change_pending WHERE intent_id = ANY (ARRAY (SELECT id FROM decided))
           )
           SELECT intent_id FROM outcome`,
    values: [JSON.stringify(decisions.map(({ intent, outcome }) => ({ ...intent, ...outcome })))],
  });
  const first = new Set(rows.map(row => row.intent_id));
  return decisions.map(({ intent }) => first.delete(intent.id));
}

interface IntentRow {
  id: string;
  generation: string;
  /** bigint comes as text. */
  read_revision: string;
  actor: string;
  reason: string;
  rollback_available: boolean;
  operations: readonly RecordedChange[];
}

/** Intents without an outcome that are older than `olderThanMs` by the database's clock, oldest first; some of many. */
export async function pendingIntents(pool: Pool, olderThanMs: number): Promise<Intent[]> {
  const { rows } = await pool.query<IntentRow>({
    name: 'pending-intents',
    text: `SELECT intent.id, intent.generation, pending.read_revision, intent.actor, intent.reason,
             intent.rollback_available, intent.operations
           FROM (
             SELECT * FROM change_pending WHERE created_at < now() - $1 * interval '1 millisecond'
             ORDER BY created_at LIMIT 20
           ) pending JOIN change_intent intent ON intent.id = pending.intent_id
           ORDER BY pending.created_at`,
    values: [olderThanMs],
  });
  return rows.map(row => ({
    id: row.id,
    generation: row.generation,
    readRevision: Number(row.read_revision),
    actor: row.actor,
    reason: row.reason,
    rollbackAvailable: row.rollback_available,
    changes: row.operations,
  }));
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
