/** I2 over a whole run, in three numbers: what the trail says was committed, beside what the store had. */
import pg from 'pg';

export interface TrailTotals {
  /** Intents with the outcome `committed`. */
  readonly committed: number;
  /** The sum of their revisions: equal to the store's only if they are the same. */
  readonly revisions: number;
  /** Intents without an outcome. */
  readonly pending: number;
}

export async function readTrailTotals(url: string, generation: string): Promise<TrailTotals> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ committed: string; revisions: string; pending: string }>(
      `SELECT count(*) FILTER (WHERE o.status = 'committed') AS committed,
         coalesce(sum(o.revision) FILTER (WHERE o.status = 'committed'), 0) AS revisions,
         count(*) FILTER (WHERE o.intent_id IS NULL) AS pending
       FROM change_intent i LEFT JOIN change_outcome o ON o.intent_id = i.id WHERE i.generation = $1`,
      [generation],
    );
    const { committed, revisions, pending } = rows[0]!;
    return { committed: Number(committed), revisions: Number(revisions), pending: Number(pending) };
  } finally {
    await client.end();
  }
}
