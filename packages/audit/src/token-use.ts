/** When tokens were last used, by their ids. */
import type { Pool } from 'pg';

export interface TokenUses {
  /** Milliseconds since the epoch; a time never goes back. */
  note(uses: ReadonlyMap<string, number>): Promise<void>;
  /** ISO 8601. */
  all(): Promise<Map<string, string>>;
}

export const createTokenUses = (pool: Pool): TokenUses => ({
  note: async uses => {
    await pool.query(
      `INSERT INTO token_use (id, last_used_at)
       SELECT id, to_timestamp(ms / 1000) FROM unnest($1::text[], $2::float8[]) AS used (id, ms)
       ON CONFLICT (id) DO UPDATE SET last_used_at = greatest(token_use.last_used_at, excluded.last_used_at)`,
      [[...uses.keys()], [...uses.values()]],
    );
  },
  all: async () => {
    const { rows } = await pool.query('SELECT id, last_used_at FROM token_use');
    return new Map(rows.map(row => [row.id, row.last_used_at.toISOString()]));
  },
});
