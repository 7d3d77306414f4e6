/**
 * How far each consumer of events has come. One process delivers to a consumer: it claims it, and what anyone
 * else saves afterwards is refused, so that a leader that does not know yet that it was replaced harms nothing.
 */
import type { DeadLetter, EventType } from '@quantivista/contracts';
import type { Pool } from 'pg';
import { createReplays, type Replays } from './replays.ts';
import { inTransaction } from './transaction.ts';

/** An event that was passed and is not delivered yet. Times in milliseconds since the epoch. */
export interface Waiting {
  readonly sequence: number;
  readonly subject: string;
  readonly attempts: number;
  readonly dueAt: number;
  /** An attempt that fails after this is the last. */
  readonly giveUpAt: number;
}

export interface Progress {
  /** All up to this was delivered, or is in `waiting` or `dead`, now or before. */
  readonly sequence: number;
  /** Delivered: not waiting any more. */
  readonly delivered: readonly number[];
  readonly waiting: readonly Waiting[];
  readonly dead: readonly (Waiting & { readonly error: string })[];
  /** Since the last attempt that did not fail. */
  readonly failures: number;
  readonly succeededAt: number | undefined;
  readonly lastError: { readonly text: string; readonly at: number } | undefined;
}

export interface DeliveryStatus {
  readonly sequence: number;
  readonly waiting: number;
  readonly dead: number;
  readonly failures: number;
  readonly lastSuccessAt: Date | undefined;
  readonly lastError: string | undefined;
  readonly lastErrorAt: Date | undefined;
  readonly nextAttemptAt: Date | undefined;
}

export interface Deliveries extends Replays {
  /** Begin with the events that are made from now on; whatever was known of the consumer is forgotten. */
  open(consumer: string): Promise<void>;
  /** Forget the consumer. */
  close(consumer: string): Promise<void>;
  /** Become the one who delivers; a consumer that is not known is opened. */
  claim(consumer: string, owner: string): Promise<{ sequence: number; waiting: Waiting[] }>;
  /** Whether `owner` still is the one. */
  holds(consumer: string, owner: string): Promise<boolean>;
  /** False, and nothing is saved, where `owner` is not the one any more. */
  save(consumer: string, owner: string, progress: Progress): Promise<boolean>;
  status(consumer: string): Promise<DeliveryStatus | undefined>;
  /** Oldest first. */
  deadLetters(consumer: string, page: { after: number; limit: number }): Promise<DeadLetter[]>;
}

interface StatusRow {
  sequence: string;
  failures: number;
  last_success_at: Date | null;
  last_error: string | null;
  last_error_at: Date | null;
  waiting: string;
  dead: string;
  next: Date | null;
}

interface DeadRow {
  sequence: string;
  id: string;
  type: EventType;
  subject: string;
  attempts: number;
  last_error: string | null;
  dead_at: Date;
}

const OPEN = `INSERT INTO delivery_cursor (consumer, sequence) SELECT $1, last FROM event_sequence
  ON CONFLICT (consumer) DO NOTHING`;

const UPSERT = `INSERT INTO delivery (consumer, sequence, subject, attempts, due_at, give_up_at, dead_at, last_error)
  SELECT $1, sequence, subject, attempts, to_timestamp("dueAt" / 1000.0), to_timestamp("giveUpAt" / 1000.0),
    CASE WHEN error IS NOT NULL THEN now() END, error
  FROM jsonb_to_recordset($2) AS row(sequence bigint, subject text, attempts int, "dueAt" float8,
    "giveUpAt" float8, error text)
  ON CONFLICT (consumer, sequence) DO UPDATE SET attempts = excluded.attempts, due_at = excluded.due_at,
    give_up_at = excluded.give_up_at, dead_at = excluded.dead_at, last_error = excluded.last_error`;

export function createDeliveries(pool: Pool): Deliveries {
  return {
    ...createReplays(pool),
    open: consumer =>
      inTransaction(pool, async client => {
        await client.query('DELETE FROM delivery_cursor WHERE consumer = $1', [consumer]);
        await client.query(OPEN, [consumer]);
      }),
    close: async consumer => {
      await pool.query('DELETE FROM delivery_cursor WHERE consumer = $1', [consumer]);
    },
    claim: (consumer, owner) =>
      inTransaction(pool, async client => {
        await client.query(OPEN, [consumer]);
        const { rows: cursors } = await client.query<{ sequence: string }>(
          'UPDATE delivery_cursor SET owner = $2 WHERE consumer = $1 RETURNING sequence',
          [consumer, owner],
        );
        const { rows } = await client.query<Omit<Waiting, 'sequence'> & { sequence: string }>(
          `SELECT sequence, subject, attempts, extract(epoch FROM due_at)::float8 * 1000 AS "dueAt",
             extract(epoch FROM give_up_at)::float8 * 1000 AS "giveUpAt"
           FROM delivery WHERE consumer = $1 AND dead_at IS NULL ORDER BY sequence`,
          [consumer],
        );
        const waiting = rows.map(row => ({ ...row, sequence: Number(row.sequence) }));
        return { sequence: Number(cursors[0]!.sequence), waiting };
      }),
    holds: async (consumer, owner) => {
      const { rowCount } = await pool.query({
        name: 'holds-delivery',
        text: 'SELECT 1 FROM delivery_cursor WHERE consumer = $1 AND owner = $2',
        values: [consumer, owner],
      });
      return rowCount === 1;
    },
    save: (consumer, owner, { sequence, delivered, waiting, dead, ...progress }) =>
      inTransaction(pool, async client => {
        const { failures, succeededAt, lastError } = progress;
        const { rowCount } = await client.query({
          name: 'save-delivery',
          text: `UPDATE delivery_cursor SET sequence = $3, failures = $4,
                   last_success_at = coalesce(to_timestamp($5::float8 / 1000), last_success_at),
                   last_error = coalesce($6, last_error),
                   last_error_at = coalesce(to_timestamp($7::float8 / 1000), last_error_at)
                 WHERE consumer = $1 AND owner = $2`,
          values: [consumer, owner, sequence, failures, succeededAt, lastError?.text, lastError?.at],
        });
        if (rowCount !== 1) return false;
        if (delivered.length > 0) {
          await client.query('DELETE FROM delivery WHERE consumer = $1 AND sequence = ANY ($2::bigint[])', [
            consumer,
            delivered,
          ]);
        }
        const rows = [...waiting, ...dead];
        if (rows.length > 0) await client.query(UPSERT, [consumer, JSON.stringify(rows)]);
        return true;
      }),
    status: async consumer => {
      const { rows } = await pool.query<StatusRow>(
        `SELECT c.*, d.* FROM delivery_cursor c, LATERAL (
           SELECT count(*) FILTER (WHERE dead_at IS NULL) AS waiting, count(dead_at) AS dead,
             min(due_at) FILTER (WHERE dead_at IS NULL AND attempts > 0) AS next
           FROM delivery WHERE consumer = c.consumer
         ) d WHERE c.consumer = $1`,
        [consumer],
      );
      const row = rows[0];
      if (!row) return undefined;
      return {
        sequence: Number(row.sequence),
        waiting: Number(row.waiting),
        dead: Number(row.dead),
        failures: row.failures,
        lastSuccessAt: row.last_success_at ?? undefined,
        lastError: row.last_error ?? undefined,
        lastErrorAt: row.last_error_at ?? undefined,
        nextAttemptAt: row.next ?? undefined,
      };
    },
    deadLetters: async (consumer, { after, limit }) => {
      const { rows } = await pool.query<DeadRow>(
        `SELECT d.sequence, e.id, e.type, d.subject, d.attempts, d.last_error, d.dead_at
         FROM delivery d JOIN event e USING (sequence)
         WHERE d.consumer = $1 AND d.dead_at IS NOT NULL AND d.sequence > $2 ORDER BY d.sequence LIMIT $3`,
        [consumer, after, limit],
      );
      return rows.map(({ id, sequence, last_error, dead_at, ...row }) => ({
        ...row,
        sequence: Number(sequence),
        event_id: id,
        last_error: last_error ?? '',
        dead_at: dead_at.toISOString(),
      }));
    },
  };
}
