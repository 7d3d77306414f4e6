/** Denials on record. */
import type { AccessDenial, RepeatedDenial } from '@quantivista/contracts';
import type { ClientBase, Pool } from 'pg';

export interface DenialPage {
  readonly caller?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface DenialRecord {
  add(rows: readonly RepeatedDenial[]): Promise<void>;
  /** Newest first. */
  list(page: DenialPage): Promise<AccessDenial[]>;
}

export const createDenialRecord = (pool: Pool): DenialRecord => ({
  add: rows => insertDenials(pool, rows, null),
  list: async ({ caller, before, limit }) => {
    const { rows } = await pool.query(
      `SELECT id, first_at, last_at, times, caller, action, resource, why, region FROM access_denial
       WHERE id < $1 AND ($2::text IS NULL OR caller = $2) ORDER BY id DESC LIMIT $3`,
      [before ?? Number.MAX_SAFE_INTEGER, caller ?? null, limit],
    );
    return rows.map(({ region, ...row }) => ({
      ...row,
      id: Number(row.id),
      times: Number(row.times),
      first_at: row.first_at.toISOString(),
      last_at: row.last_at.toISOString(),
      ...(region !== null && { region }),
    }));
  },
});

/** @param region where they were denied; null: at an authority */
export async function insertDenials(
  client: Pool | ClientBase,
  rows: readonly RepeatedDenial[],
  region: string | null,
): Promise<void> {
  await client.query(
    `INSERT INTO access_denial (first_at, last_at, times, caller, action, resource, why, region)
     SELECT to_timestamp(first_at / 1000), to_timestamp(last_at / 1000), times, caller, action, resource, why, $2
     FROM jsonb_to_recordset($1) AS row (first_at float8, last_at float8, times bigint,
       caller text, action text, resource text, why text)`,
    [JSON.stringify(rows), region],
  );
}
