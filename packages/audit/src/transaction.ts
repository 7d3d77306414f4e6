/** Several statements that happen together or not at all. */
import type { Pool, PoolClient } from 'pg';

/** `mode`: as SQL says it after BEGIN. @default read and write what others have committed */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  mode = '',
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(`BEGIN ${mode}`);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    // A connection on which even that fails is not used again.
    client.release(broken);
  }
}
