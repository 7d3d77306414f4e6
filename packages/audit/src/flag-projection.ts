/**
 * The table `feature_flags`: what the store held at one revision, whole. Writers take turns at the position's row,
 * and none brings back an older state of the same generation: it does not matter how many there are.
 */
import type { Json } from '@quantivista/contracts';
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from './transaction.ts';

/** As of what the table is. */
export interface ProjectionPosition {
  /** `null` before the first state was written. */
  readonly generation: string | null;
  readonly revision: number;
}

/** A row without its id, which the table gives. Times are ISO 8601. */
export interface ProjectedFlag {
  readonly flag_name: string;
  readonly enabled: boolean;
  readonly rollout_percentage: number;
  readonly target_services: Json;
  readonly conditions: Json;
  readonly description: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly archived: boolean;
  readonly version: number;
  /** In which the flag was last changed. */
  readonly revision: number;
  readonly generation: string;
  readonly definition: Json;
}

/** Every flag of the store as of a revision. */
export interface FlagState {
  readonly generation: string;
  readonly revision: number;
  readonly flags: readonly ProjectedFlag[];
}

export interface FlagProjection {
  position(): Promise<ProjectionPosition>;
  /** The rows and the position that they belong to. */
  read(): Promise<{ readonly position: ProjectionPosition; readonly flags: readonly ProjectedFlag[] }>;
  /**
   * Make the table that state; answers the rows written and deleted, `undefined` where a state as new stands there.
   * `rebuild`: also where the table is of the same revision, and rows of the right version are written too.
   */
  write(state: FlagState, options?: { readonly rebuild?: boolean }): Promise<number | undefined>;
}

const COLUMNS = [
  'flag_name',
  'enabled',
  'rollout_percentage',
  'target_services',
  'conditions',
  'description',
  'created_by',
  'created_at',
  'updated_at',
  'archived',
  'version',
  'revision',
  'generation',
  'definition',
] as const;
const NAMES = COLUMNS.join(', ');
const UPSERT = `
  INSERT INTO feature_flags (${NAMES})
  SELECT ${NAMES} FROM jsonb_populate_recordset(NULL::feature_flags, $1)
  ON CONFLICT (flag_name) DO UPDATE
    SET ${COLUMNS.slice(1)
      .map(name => `${name} = excluded.${name}`)
      .join(', ')}
    WHERE $2 OR (feature_flags.version, feature_flags.revision, feature_flags.generation)
      IS DISTINCT FROM (excluded.version, excluded.revision, excluded.generation)`;

interface PositionRow {
  generation: string | null;
  /** bigint comes as text. */
  revision: string;
}

async function readPosition(client: Pool | PoolClient, lock = ''): Promise<ProjectionPosition> {
  const { rows } = await client.query<PositionRow>(
    `SELECT generation, revision FROM feature_flags_position ${lock}`,
  );
  const { generation = null, revision = '0' } = rows[0] ?? {};
  return { generation, revision: Number(revision) };
}

type Row = Omit<ProjectedFlag, 'created_at' | 'updated_at' | 'rollout_percentage' | 'revision'> & {
  created_at: Date;
  updated_at: Date;
  rollout_percentage: string;
  revision: string;
};

const fromRow = (row: Row): ProjectedFlag => ({
  ...row,
  rollout_percentage: Number(row.rollout_percentage),
  revision: Number(row.revision),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});

export const createFlagProjection = (pool: Pool): FlagProjection => ({
  position: () => readPosition(pool),
  read: () =>
    inTransaction(
      pool,
      async client => {
        const position = await readPosition(client);
        const { rows } = await client.query<Row>(`SELECT ${NAMES} FROM feature_flags ORDER BY flag_name`);
        return { position, flags: rows.map(fromRow) };
      },
      'ISOLATION LEVEL REPEATABLE READ READ ONLY',
    ),
  write: ({ generation, revision, flags }, { rebuild = false } = {}) =>
    inTransaction(pool, async client => {
      const position = await readPosition(client, 'FOR UPDATE');
      const isNewer = position.generation !== generation || position.revision < revision;
      if (!isNewer && !(rebuild && position.revision === revision)) return undefined;
      const names = flags.map(flag => flag.flag_name);
      const deleted = await client.query('DELETE FROM feature_flags WHERE flag_name <> ALL ($1)', [names]);
      const written = await client.query(UPSERT, [JSON.stringify(flags), rebuild]);
      await client.query('UPDATE feature_flags_position SET generation = $1, revision = $2', [
        generation,
        revision,
      ]);
      return (deleted.rowCount ?? 0) + (written.rowCount ?? 0);
    }),
});
