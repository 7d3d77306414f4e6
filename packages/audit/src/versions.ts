/** A record's history, newest first. */
import type { ConfigurationVersion, RecordPath } from '@quantivista/contracts';
import type { Pool } from 'pg';

interface VersionRow extends Omit<ConfigurationVersion, 'config_value' | 'revision' | 'created_at'> {
  new_value: ConfigurationVersion['config_value'];
  /** bigint comes as text. */
  revision: string;
  created_at: Date;
}

const COLUMNS =
  'version, revision, new_value, config_type, description, deleted, updated_by, reason, rollback_available, created_at';

const fromRow = ({ new_value, revision, created_at, ...row }: VersionRow): ConfigurationVersion => ({
  ...row,
  config_value: new_value,
  revision: Number(revision),
  created_at: created_at.toISOString(),
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
           ORDER BY version DESC LIMIT $6`,
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
