/** The trail commit by commit, newest first. */
import type { Environment, HistoryChange, HistoryCommit, Json } from '@quantivista/contracts';
import type { Pool } from 'pg';
import { intentTimeMs } from './moment.ts';

export interface HistoryPage {
  readonly environment: Environment;
  /** Absent: all. */
  readonly service?: string | undefined;
  readonly keyPrefix?: string | undefined;
  /** Only revisions below it. */
  readonly before: number;
  /** How many commits. */
  readonly limit: number;
}

interface Row {
  intent_id: string;
  revision: string;
  updated_by: string;
  reason: string;
  rollback_available: boolean;
  environment: Environment;
  service_name: string;
  config_key: string;
  version: number;
  old_value: Json;
  new_value: Json;
  deleted: boolean;
  restored_version: number | null;
  /** `null` where there is no version before, or none on record. */
  was_deleted: boolean | null;
}

export async function listHistory(
  pool: Pool,
  generation: string,
  { environment, service, keyPrefix, before, limit }: HistoryPage,
): Promise<HistoryCommit[]> {
  const values: unknown[] = [generation, environment, before, limit];
  const also = (condition: string, value: unknown) =>
    value === undefined ? '' : `AND ${condition.replace('?', `$${values.push(value)}`)}`;
  const { rows } = await pool.query<Row>({
    text: `WITH trail AS NOT MATERIALIZED (
             SELECT * FROM configuration_audit
             WHERE generation = $1 AND kind = 'configuration' AND environment = $2
               ${also('service_name = ?', service)} ${also('starts_with(config_key, ?)', keyPrefix)}
           ), page AS (
             SELECT DISTINCT revision FROM trail WHERE revision < $3 ORDER BY revision DESC LIMIT $4
           )
           SELECT trail.*, previous.deleted AS was_deleted
           FROM page JOIN trail USING (revision)
             LEFT JOIN configuration_audit previous
               ON previous.generation = trail.generation AND previous.kind = trail.kind
                 AND previous.environment = trail.environment AND previous.service_name = trail.service_name
                 AND previous.config_key = trail.config_key AND previous.version = trail.version - 1
           ORDER BY trail.revision DESC, trail.service_name COLLATE "C", trail.config_key COLLATE "C"`,
    values,
  });
  const commits = new Map<string, HistoryCommit>();
  for (const row of rows) {
    const { revision, updated_by, reason, rollback_available } = row;
    const commit: HistoryCommit = commits.get(revision) ?? {
      revision: Number(revision),
      at: new Date(intentTimeMs(row.intent_id)).toISOString(),
      updated_by,
      reason,
      rollback_available,
      changes: [],
    };
    commits.set(revision, commit);
    commit.changes.push(changeOf(row));
  }
  return [...commits.values()];
}

function changeOf(row: Row): HistoryChange {
  const { environment, service_name, config_key, version, old_value, new_value, restored_version } = row;
  // Without the version before, which may be of an earlier generation, a value replaced says that there was one.
  const added = row.was_deleted ?? (version === 1 || old_value === null);
  return {
    environment,
    service_name,
    config_key,
    version,
    change: row.deleted ? 'removed' : added ? 'added' : 'changed',
    ...((row.deleted || !added) && { old_value }),
    ...(!row.deleted && { new_value }),
    ...(restored_version !== null && { restored_version }),
  };
}
