/** What became of a service's configurations between two revisions: how the past is made of the present. */
import type { ConfigType, Environment, Json } from '@quantivista/contracts';
import type { Pool } from 'pg';

export interface Span {
  readonly environment: Environment;
  readonly service: string;
  /** Absent: all. */
  readonly keys?: readonly string[] | undefined;
  /** Changes after this revision … */
  readonly after: number;
  /** … and up to this one. */
  readonly upTo: number;
}

export interface KeyState {
  readonly value: Json;
  readonly configType: ConfigType;
  /** `undefined` where it is not on record. */
  readonly description: string | undefined;
}

/** A key that was changed in the span: how it was before, and how it is at its end. */
export interface ChangeSince {
  readonly key: string;
  /** `version` 0 where the key had never existed; `state` is undefined where it did not exist then. */
  readonly before: { readonly version: number; readonly state: KeyState | undefined };
  readonly now: {
    readonly version: number;
    readonly revision: number;
    readonly state: KeyState | undefined;
  };
  /** Versions made in the span that were marked as not to be rolled back. */
  readonly final: readonly number[];
}

interface Row {
  config_key: string;
  first_version: number;
  version: number;
  revision: string;
  final: number[];
  replaced: Json;
  deleted: boolean;
  new_value: Json;
  config_type: ConfigType;
  description: string;
  target_deleted: boolean | null;
  target_value: Json;
  target_type: ConfigType;
  target_description: string;
}

/**
 * One version of the key at hand, or the one below it. The order leaves the planner one index: while it knows nothing
 * of a table that has just been filled, it might join all versions of all keys with each other.
 */
const versionUpTo = (version: string): string => `
  SELECT * FROM configuration_audit
  WHERE generation = $1 AND kind = 'configuration' AND environment = $2 AND service_name = $3
    AND config_key = since.config_key AND version <= ${version}
  ORDER BY version DESC LIMIT 1`;

/** By key. A key's versions follow each other within a generation, so the one before the first is its state then. */
export async function changesSince(
  pool: Pool,
  generation: string,
  { environment, service, keys, after, upTo }: Span,
): Promise<ChangeSince[]> {
  const { rows } = await pool.query<Row>({
    name: 'changes-since',
    text: `WITH since AS (
             SELECT config_key, min(version) AS first_version, max(version) AS version,
               coalesce(array_agg(version) FILTER (WHERE NOT rollback_available), '{}') AS final
             FROM configuration_audit
             WHERE generation = $1 AND kind = 'configuration' AND environment = $2 AND service_name = $3
               AND revision > $4 AND revision <= $5 AND ($6::text[] IS NULL OR config_key = ANY ($6))
             GROUP BY config_key
           )
           SELECT since.*, newest.revision, newest.deleted, newest.new_value, newest.config_type,
             newest.description, oldest.old_value AS replaced, target.deleted AS target_deleted,
             target.new_value AS target_value, target.config_type AS target_type,
             target.description AS target_description
           FROM since
             CROSS JOIN LATERAL (${versionUpTo('since.version')}) newest
             CROSS JOIN LATERAL (${versionUpTo('since.first_version')}) oldest
             LEFT JOIN LATERAL (${versionUpTo('since.first_version - 1')}) target
               ON target.version = since.first_version - 1
           ORDER BY since.config_key COLLATE "C"`,
    values: [generation, environment, service, after, upTo, keys ?? null],
  });
  return rows.map(row => ({
    key: row.config_key,
    before: { version: row.first_version - 1, state: stateBefore(row) },
    now: {
      version: row.version,
      revision: Number(row.revision),
      state: row.deleted
        ? undefined
        : { value: row.new_value, configType: row.config_type, description: row.description },
    },
    final: row.final,
  }));
}

function stateBefore(row: Row): KeyState | undefined {
  if (row.target_deleted !== null) {
    return row.target_deleted
      ? undefined
      : { value: row.target_value, configType: row.target_type, description: row.target_description };
  }
  // It is of an earlier generation, brought along by a restored store: only the value replaced is known.
  return row.replaced === null
    ? undefined
    : { value: row.replaced, configType: row.config_type, description: undefined };
}
