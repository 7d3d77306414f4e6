/** Events: made of the trail's rows, each exactly once, and read in the order in which they were made. */
import { EVENT_OF_KIND, type EventType, type StoredEvent, withheld } from '@quantivista/contracts';
import type { Pool, PoolClient } from 'pg';
import { settledRevision } from './trail.ts';
import { inTransaction } from './transaction.ts';

/** An event without what it says. */
export interface EventHead {
  readonly sequence: number;
  readonly type: EventType;
  readonly subject: string;
  /** `undefined` where it belongs to none. */
  readonly environment: string | undefined;
  readonly service: string | undefined;
  /** The event itself, where it is small. */
  readonly event: StoredEvent | undefined;
}

/** Whom a change reaches. */
export interface Affected {
  readonly affected_instances: readonly string[];
  readonly affected_instances_truncated: boolean;
}
export type AffectedOf = (environment: string, service: string) => Affected;

export interface EventsMade {
  readonly events: number;
  /** There were more rows than become events at once. */
  readonly more: boolean;
}

export interface EventLog {
  /**
   * Make events of the rows of the trail that have none and come before any outstanding outcome. Any number of
   * processes may call it at once: each row becomes one event.
   */
  make(affectedOf: AffectedOf): Promise<EventsMade>;
  /** At most `limit` events after a sequence, and no more than about 8 MB of them. */
  list(after: number, limit: number): Promise<StoredEvent[]>;
  heads(after: number, limit: number): Promise<EventHead[]>;
  read(sequence: number): Promise<StoredEvent | undefined>;
  /** Sequence of the newest event, 0 for none. */
  last(): Promise<number>;
}

/** Rows that become events at once, about: a revision is never divided. */
const MAKE_ROWS = 500;
/** Of values in them, as they are stored. */
const MAKE_BYTES = 4_000_000;
const LIST_BYTES = 8_000_000;
/** Larger events are read when they are needed. */
const SMALL_BYTES = 16_384;

/** Generations with rows that are no events yet, those of a store that was replaced among them, oldest first. */
const WAITING = `WITH RECURSIVE known AS (
    (SELECT generation FROM configuration_audit ORDER BY generation LIMIT 1)
    UNION ALL
    SELECT (SELECT a.generation FROM configuration_audit a WHERE a.generation > known.generation
            ORDER BY a.generation LIMIT 1)
    FROM known WHERE known.generation IS NOT NULL
  )
  SELECT known.generation, newest.revision AS highest
  FROM known LEFT JOIN event_cursor USING (generation),
    LATERAL (SELECT revision, created_at FROM configuration_audit a WHERE a.generation = known.generation
             ORDER BY a.revision DESC LIMIT 1) newest
  WHERE newest.revision > coalesce(event_cursor.revision, 0)
  ORDER BY newest.created_at`;

/** Up to which revision the next events are made, and whether rows are left for the time after. */
const NEXT = `SELECT coalesce(max(revision) FILTER (WHERE bytes <= $4), min(revision)) AS revision,
    count(*) = ${MAKE_ROWS} OR coalesce(bool_or(bytes > $4), false) AS more
  FROM (
    SELECT revision, sum(coalesce(pg_column_size(old_value), 0) + pg_column_size(new_value))
      OVER (ORDER BY revision) AS bytes
    FROM (SELECT revision, old_value, new_value FROM configuration_audit
          WHERE generation = $1 AND revision > $2 AND revision <= $3 ORDER BY revision LIMIT ${MAKE_ROWS}) part
  ) summed`;

/** As Postgres writes it. */
const SEALED = String.raw`\{"\$sealed": \{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}\}`;

/** A value without what is sealed in it, as `withhold` has it: also within the record of a proposal. */
const withheldIn = (value: string): string =>
  `CASE WHEN position('{"$sealed": {' IN (${value})::text) = 0 THEN ${value}
     ELSE regexp_replace((${value})::text, '${SEALED}', '${JSON.stringify(withheld())}', 'g')::jsonb END`;

const INSERT = `WITH rows AS (
    SELECT a.*, kind.type, kind.name, kind.folder,
      row_number() OVER (ORDER BY a.revision, a.kind, a.environment, a.service_name, a.config_key) AS place
    FROM configuration_audit a
      JOIN jsonb_to_recordset($4) AS kind(kind text, type text, name text, folder text) ON kind.kind = a.kind
    WHERE a.generation = $1 AND a.revision > $2 AND a.revision <= $3
  ), given AS (
    UPDATE event_sequence SET last = last + (SELECT count(*) FROM rows)
    RETURNING last - (SELECT count(*) FROM rows) AS base
  ), bodies AS MATERIALIZED (
    SELECT rows.*, jsonb_build_object(
        'event_id', id,
        'timestamp', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        type, jsonb_build_object(
          name, config_key,
          'old_value', ${withheldIn("coalesce(old_value, 'null')")},
          'new_value', ${withheldIn('new_value')},
          'updated_by', updated_by, 'reason', coalesce(reason, ''), 'version', version, 'deleted', deleted,
          'rollback_available', rollback_available)
        || CASE WHEN environment = '*' THEN '{}' ELSE jsonb_build_object('environment', environment) END
        || CASE WHEN service_name = '' THEN '{}' ELSE jsonb_build_object('service_name', service_name) END
        || CASE WHEN kind = 'configuration' THEN $5::jsonb -> (environment || '/' || service_name) ELSE '{}' END
      ) AS payload
    FROM rows
  )
  INSERT INTO event (sequence, id, generation, revision, type, subject, environment, service_name, payload, bytes)
  SELECT base + place, id, generation, revision, type,
    concat_ws('/', folder, nullif(environment, '*'), nullif(service_name, ''), config_key),
    nullif(environment, '*'), nullif(service_name, ''), payload, octet_length(payload::text)
  FROM bodies, given`;

const KINDS = JSON.stringify(Object.entries(EVENT_OF_KIND).map(([kind, row]) => ({ kind, ...row })));

/** Within a transaction: the next events of one generation, of rows up to `upTo`. */
async function makeNext(
  client: PoolClient,
  generation: string,
  upTo: number,
  affectedOf: AffectedOf,
): Promise<EventsMade> {
  // Held until the end: of several who do this at once, each goes on where the one before has ended.
  const { rows: cursors } = await client.query<{ revision: string }>({
    name: 'event-cursor',
    text: `INSERT INTO event_cursor VALUES ($1, 0)
           ON CONFLICT (generation) DO UPDATE SET revision = event_cursor.revision RETURNING revision`,
    values: [generation],
  });
  const from = cursors[0]!.revision;
  const { rows: next } = await client.query<{ revision: string | null; more: boolean }>({
    name: 'next-events',
    text: NEXT,
    values: [generation, from, upTo, MAKE_BYTES],
  });
  const { revision: to, more } = next[0]!;
  if (to === null) return { events: 0, more: false };
  const { rows: services } = await client.query<{ environment: string; service_name: string }>({
    name: 'services-of-events',
    text: `SELECT DISTINCT environment, service_name FROM configuration_audit
           WHERE generation = $1 AND revision > $2 AND revision <= $3 AND kind = 'configuration'`,
    values: [generation, from, to],
  });
  const affected = Object.fromEntries(
    services.map(each => [
      `${each.environment}/${each.service_name}`,
      affectedOf(each.environment, each.service_name),
    ]),
  );
  const made = await client.query({
    name: 'make-events',
    text: INSERT,
    values: [generation, from, to, KINDS, JSON.stringify(affected)],
  });
  await client.query('UPDATE event_cursor SET revision = $2 WHERE generation = $1', [generation, to]);
  return { events: made.rowCount ?? 0, more };
}

interface EventRow extends Omit<StoredEvent, 'sequence' | 'revision' | 'payload'> {
  sequence: string;
  revision: string;
  environment: string | null;
  service_name: string | null;
  payload: StoredEvent['payload'] | null;
}

const toEvent = ({ id, generation, type, subject, ...row }: EventRow): StoredEvent => ({
  sequence: Number(row.sequence),
  id,
  generation,
  revision: Number(row.revision),
  type,
  subject,
  payload: row.payload!,
});

const COLUMNS = 'sequence, id, generation, revision, type, subject, environment, service_name';

export function createEventLog(pool: Pool): EventLog {
  return {
    make: async affectedOf => {
      const { rows } = await pool.query<{ generation: string; highest: string }>({
        name: 'events-waiting',
        text: WAITING,
      });
      let events = 0;
      let more = false;
      for (const { generation, highest } of rows) {
        // The store was at `highest` before this is asked, so that nothing below it can come any more.
        const upTo = await settledRevision(pool, generation, Number(highest));
        const made = await inTransaction(pool, client => makeNext(client, generation, upTo, affectedOf));
        events += made.events;
        more ||= made.more;
      }
      return { events, more };
    },
    list: async (after, limit) => {
      const { rows } = await pool.query<EventRow>({
        name: 'list-events',
        text: `SELECT ${COLUMNS}, payload FROM (
                 SELECT *, sum(bytes) OVER (ORDER BY sequence) - bytes AS before
                 FROM (SELECT * FROM event WHERE sequence > $1 ORDER BY sequence LIMIT $2) part
               ) summed WHERE before < ${LIST_BYTES} ORDER BY sequence`,
        values: [after, limit],
      });
      return rows.map(toEvent);
    },
    heads: async (after, limit) => {
      const { rows } = await pool.query<EventRow>({
        name: 'event-heads',
        text: `SELECT ${COLUMNS}, CASE WHEN bytes <= ${SMALL_BYTES} THEN payload END AS payload
               FROM event WHERE sequence > $1 ORDER BY sequence LIMIT $2`,
        values: [after, limit],
      });
      return rows.map(row => ({
        sequence: Number(row.sequence),
        type: row.type,
        subject: row.subject,
        environment: row.environment ?? undefined,
        service: row.service_name ?? undefined,
        event: row.payload === null ? undefined : toEvent(row),
      }));
    },
    read: async sequence => {
      const { rows } = await pool.query<EventRow>({
        name: 'read-event',
        text: `SELECT ${COLUMNS}, payload FROM event WHERE sequence = $1`,
        values: [sequence],
      });
      return rows[0] && toEvent(rows[0]);
    },
    last: async () => {
      const { rows } = await pool.query<{ last: string }>('SELECT last FROM event_sequence');
      return Number(rows[0]!.last);
    },
  };
}
