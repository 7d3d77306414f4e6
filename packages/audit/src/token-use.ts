/** When tokens were last used, by their ids. */
import type { ClientBase, Pool } from 'pg';

export interface TokenUses {
  /** Milliseconds since the epoch; a time never goes back. */
  note(uses: ReadonlyMap<string, number>): Promise<void>;
  /** ISO 8601. */
  all(): Promise<Map<string, string>>;
}

export const createTokenUses = (pool: Pool): TokenUses => ({
  note: uses => noteTokenUses(pool, uses),
  all: async () => {
    const { rows } = await pool.query('SELECT id, last_used_at FROM token_use');
    return new Map(rows.map(row => [row.id, row.last_used_at.toISOString()]));
  },
});

/** Always by id: two who note at once wait for each other, and neither for ever. A clock that is ahead tells of now. */
export async function noteTokenUses(
  client: Pool | ClientBase,
  uses: ReadonlyMap<string, number>,
): Promise<void> {
  await client.query(
    `INSERT INTO token_use (id, last_used_at)
     SELECT id, least(to_timestamp(ms / 1000), now()) FROM unnest($1::text[], $2::float8[]) AS used (id, ms)
     ORDER BY id
     ON CONFLICT (id) DO UPDATE SET last_used_at = greatest(token_use.last_used_at, excluded.last_used_at)`,
    [[...uses.keys()], [...uses.values()]],
  );
}
