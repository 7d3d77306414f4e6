/** What regions hand over, which is taken once: the same bundle may come again for as long as it can wait in a region. */
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from './transaction.ts';

/** Do `work` together with the note that the bundle was taken; false, and nothing is done, where it was before. */
export const takeOnce = (
  pool: Pool,
  { region, id }: { readonly region: string; readonly id: string },
  work: (client: PoolClient) => Promise<void>,
): Promise<boolean> =>
  inTransaction(pool, async client => {
    const noted = await client.query(
      'INSERT INTO taken_bundle (region, id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [region, id],
    );
    if (noted.rowCount === 0) return false;
    await work(client);
    return true;
  });
