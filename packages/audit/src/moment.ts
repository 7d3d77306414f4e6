/** From a time to a revision: by the ids of intents, which are UUIDv7 of the authority's clock. */
import type { Pool } from 'pg';

/** Clocks of two authorities differ by less; a commit that is out of order by more is not looked for. */
const CLOCKS_DIFFER_MS = 60_000;

/** When an intent was made: milliseconds since the epoch. */
export const intentTimeMs = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** Sorts before every intent made at `ms` or later, and after every earlier one. */
function firstIntentOf(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/**
 * The newest revision made at or before `atMs`; `undefined` for none. The order is the revisions': where one
 * clock is behind another, the newest revision with such a time counts, and everything below it with it.
 */
export async function revisionAt(pool: Pool, generation: string, atMs: number): Promise<number | undefined> {
  const end = firstIntentOf(atMs + 1);
  const { rows } = await pool.query<{ intent_id: string }>({
    name: 'newest-intent-before',
    text: `SELECT intent_id FROM configuration_audit WHERE generation = $1 AND intent_id < $2
           ORDER BY intent_id DESC LIMIT 1`,
    values: [generation, end],
  });
  if (rows[0] === undefined) return undefined;
  const from = firstIntentOf(intentTimeMs(rows[0].intent_id) - CLOCKS_DIFFER_MS);
  const found = await pool.query<{ revision: string }>({
    name: 'newest-revision-between',
    text: `SELECT max(revision) AS revision FROM configuration_audit
           WHERE generation = $1 AND intent_id >= $2 AND intent_id < $3`,
    values: [generation, from, end],
  });
  return Number(found.rows[0]!.revision);
}
