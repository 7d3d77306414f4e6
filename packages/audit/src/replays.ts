/** Events delivered again. Whoever delivers finds that it is not the owner any more, and begins from here. */
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from './transaction.ts';

export interface Replays {
  /** Dead letters, all or one, are tried again until `giveUpAt`; answers how many. */
  replayDead(consumer: string, which: 'all' | number, giveUpAt: number): Promise<number>;
  /** Everything from an event on, by its sequence or by when it was made; answers how many events that are. */
  replayFrom(consumer: string, from: { sequence: number } | { time: string }): Promise<number>;
}

/** The cursor's row first, as whoever saves does: the other way round they could wait for each other. */
const takeOver = (client: PoolClient, consumer: string) =>
  client.query('UPDATE delivery_cursor SET owner = NULL WHERE consumer = $1', [consumer]);

export function createReplays(pool: Pool): Replays {
  return {
    replayDead: (consumer, which, giveUpAt) =>
      inTransaction(pool, async client => {
        await takeOver(client, consumer);
        const { rowCount } = await client.query(
          `UPDATE delivery SET dead_at = NULL, attempts = 0, due_at = now(), give_up_at = to_timestamp($3::float8 / 1000)
           WHERE consumer = $1 AND dead_at IS NOT NULL AND ($2::bigint IS NULL OR sequence = $2)`,
          [consumer, which === 'all' ? null : which, giveUpAt],
        );
        return rowCount ?? 0;
      }),
    replayFrom: (consumer, from) =>
      inTransaction(pool, async client => {
        await takeOver(client, consumer);
        const { rows } = await client.query<{ first: string | null; events: string }>(
          `SELECT min(sequence) AS first, count(*) AS events FROM event
           WHERE ($1::bigint IS NOT NULL AND sequence >= $1) OR ($2::timestamptz IS NOT NULL AND created_at >= $2)`,
          'sequence' in from ? [from.sequence, null] : [null, from.time],
        );
        const { first, events } = rows[0]!;
        if (first === null) return 0;
        // They are read again, and with them what was waiting or dead.
        await client.query('DELETE FROM delivery WHERE consumer = $1 AND sequence >= $2', [consumer, first]);
        await client.query(
          'UPDATE delivery_cursor SET sequence = least(sequence, $2::bigint - 1) WHERE consumer = $1',
          [consumer, first],
        );
        return Number(events);
      }),
  };
}
