/** Denials on record. */
import type { AccessDenial } from '@quantivista/contracts';
import type { Pool } from 'pg';

/** What was tried alike, and how often. */
export interface DenialRow {
  readonly caller: string;
  readonly action: string;
  readonly resource: string;
  readonly why: string;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly times: number;
}

export interface DenialPage {
  readonly caller?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface DenialRecord {
  add(rows: readonly DenialRow[]): Promise<void>;
  /** Newest first. */
  list(page: DenialPage): Promise<AccessDenial[]>;
}

export const createDenialRecord = (pool: Pool): DenialRecord => ({
  add: async rows => {
    await pool.query(
      `INSERT INTO access_denial (first_at, last_at, times, caller, action, resource, why)
       SELECT to_timestamp("firstAtMs" / 1000), to_timestamp("lastAtMs" / 1000), times, caller, action, resource, why
       FROM jsonb_to_recordset($1) AS row ("firstAtMs" float8, "lastAtMs" float8, times bigint,
         caller text, action text, resource text, why text)`,
      [JSON.stringify(rows)],
    );
  },
  list: async ({ caller, before, limit }) => {
    const { rows } = await pool.query(
      `SELECT id, first_at, last_at, times, caller, action, resource, why FROM access_denial
       WHERE id < $1 AND ($2::text IS NULL OR caller = $2) ORDER BY id DESC LIMIT $3`,
      [before ?? Number.MAX_SAFE_INTEGER, caller ?? null, limit],
    );
    return rows.map(row => ({
      ...row,
      id: Number(row.id),
      times: Number(row.times),
      first_at: row.first_at.toISOString(),
      last_at: row.last_at.toISOString(),
    }));
  },
});
