/** A record's history, newest first. */
import type { ConfigurationVersion, RecordPath } from '@quantivista/contracts';
import type { Pool } from 'pg';
import { intentTimeMs } from './moment.ts';

interface VersionRow
  extends Omit<ConfigurationVersion, 'config_value' | 'revision' | 'created_at' | 'restored_version'> {
  restored_version: number | null;
  new_value: ConfigurationVersion['config_value'];
  /** bigint comes as text. */
  revision: string;
  created_at: Date;
}

const COLUMNS =
  'version, revision, new_value, config_type, description, deleted, updated_by, reason, rollback_available, created_at, restored_version';

const fromRow = ({
  new_value,
  revision,
  created_at,
  restored_version,
  ...row
}: VersionRow): ConfigurationVersion => ({
  ...row,
  config_value: new_value,
  revision: Number(revision),
  created_at: created_at.toISOString(),
  ...(restored_version !== null && { restored_version }),
});

export interface VersionPage {
  readonly limit: number;
  /** Only versions below this one. */
  readonly before?: number | undefined;
}

export async function listVersions(
  pool: Pool,
  generation: string,
  path: RecordPath,
  { limit, before }: VersionPage,
): Promise<ConfigurationVersion[]> {
  const { rows } = await pool.query<VersionRow>({
    name: 'list-versions',
    text: `SELECT ${COLUMNS} FROM configuration_audit
           WHERE generation = $1 AND kind = $7 AND environment = $2 AND service_name = $3 AND config_key = $4
             AND version < $5
           ORDER BY version DESC, revision DESC LIMIT $6`,
    values: [generation, path.environment, path.service, path.key, before ?? 2_147_483_647, limit, path.kind],
  });
  return rows.map(fromRow);
}

export async function readVersion(
  pool: Pool,
  generation: string,
  path: RecordPath,
  version: number,
): Promise<ConfigurationVersion | undefined> {
  const [found] = await listVersions(pool, generation, path, { limit: 1, before: version + 1 });
  return found?.version === version ? found : undefined;
}

/** When a version was made, and when its key was created that time: of the ids of the intents, in milliseconds. */
export async function versionTimes(
  pool: Pool,
  generation: string,
  path: RecordPath,
  version: number,
): Promise<{ createdMs: number; updatedMs: number }> {
  const { rows } = await pool.query<{ updated: string; created: string }>({
    name: 'version-times',
    text: `WITH key AS (
             SELECT version, intent_id, deleted FROM configuration_audit
             WHERE generation = $1 AND kind = $2 AND environment = $3 AND service_name = $4 AND config_key = $5
               AND version <= $6
           )
           SELECT (SELECT intent_id FROM key WHERE version = $6) AS updated,
             (SELECT intent_id FROM key
              WHERE version > coalesce((SELECT max(version) FROM key WHERE deleted AND version < $6), 0)
              ORDER BY version LIMIT 1) AS created`,
    values: [generation, path.kind, path.environment, path.service, path.key, version],
  });
  const { created, updated } = rows[0]!;
  return { createdMs: intentTimeMs(created), updatedMs: intentTimeMs(updated) };
}
