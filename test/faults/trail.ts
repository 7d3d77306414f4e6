/** The audit trail as the tests read it: straight from Postgres. */
import type { Environment, Json, RecordKind } from '@quantivista/contracts';
import pg from 'pg';

export interface IntentRow {
  readonly id: string;
  readonly status: string | null;
  readonly revision: number | null;
  /** Keys that it was to change. */
  readonly changes: number;
  /** Versions recorded for it. */
  readonly rows: readonly string[];
}

export interface AuditRow {
  readonly kind: RecordKind;
  readonly environment: Environment | '*';
  readonly service_name: string;
  readonly config_key: string;
  readonly version: number;
  readonly revision: number;
  readonly deleted: boolean;
  readonly new_value: Json;
}

export interface Trail {
  intents(generation: string): Promise<IntentRow[]>;
  /** The newest version of every key. */
  newestRows(generation: string): Promise<AuditRow[]>;
  /** Intents without an outcome: counted in the trail itself. */
  pending(): Promise<number>;
  /** The same by the list that recovery works from. */
  listedAsPending(): Promise<number>;
  /** Every row there is, of intents, outcomes and versions. */
  rowCount(): Promise<number>;
  close(): Promise<void>;
}

export function openTrail(url: string): Trail {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  const count = async (text: string) => Number((await pool.query<{ count: string }>(text)).rows[0]!.count);
  return {
    intents: async generation => {
      const { rows } = await pool.query<IntentRow & { revision: string | null }>(
        `SELECT i.id, o.status, o.revision, jsonb_array_length(i.operations) AS changes,
           (SELECT coalesce(array_agg(a.config_key), '{}') FROM configuration_audit a WHERE a.intent_id = i.id) AS rows
         FROM change_intent i LEFT JOIN change_outcome o ON o.intent_id = i.id WHERE i.generation = $1`,
        [generation],
      );
      return rows.map(row => ({ ...row, revision: row.revision === null ? null : Number(row.revision) }));
    },
    newestRows: async generation => {
      const { rows } = await pool.query<AuditRow & { revision: string }>(
        `SELECT DISTINCT ON (kind, environment, service_name, config_key) kind, environment, service_name, config_key, version,
           revision, deleted, new_value
         FROM configuration_audit WHERE generation = $1
         ORDER BY kind, environment, service_name, config_key, version DESC`,
        [generation],
      );
      return rows.map(row => ({ ...row, revision: Number(row.revision) }));
    },
    pending: () =>
      count(
        'SELECT count(*) FROM change_intent i WHERE NOT EXISTS (SELECT 1 FROM change_outcome o WHERE o.intent_id = i.id)',
      ),
    listedAsPending: () => count('SELECT count(*) FROM change_pending'),
    rowCount: () =>
      count(`SELECT (SELECT count(*) FROM change_intent) + (SELECT count(*) FROM change_outcome)
               + (SELECT count(*) FROM configuration_audit) AS count`),
    close: () => pool.end(),
  };
}
