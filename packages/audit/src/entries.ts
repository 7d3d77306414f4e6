/** The trail as it is asked for, newest first. */
import { type AuditEntry, type AuditFilter, fieldFault, type Json } from '@quantivista/contracts';
import type { Pool } from 'pg';

/** Where a page ended: entries that come later never move it. */
interface Place {
  /** Microseconds since the epoch. */
  readonly at: string;
  readonly id: string;
  /** Among the changes of one intent. */
  readonly number: number;
}

export interface EntryPage {
  readonly entries: readonly AuditEntry[];
  /** Asks for what follows; absent at the end. */
  readonly next?: string;
}

interface EntryRow extends Omit<AuditEntry, 'id' | 'revision' | 'created_at' | 'old_value' | 'reason'> {
  readonly row_id: string;
  readonly number: string;
  readonly old_value: Json | null;
  readonly reason: string | null;
  readonly revision: string | null;
  readonly at: string;
  readonly found: string;
}

/** Of the values of a page, as they are stored. */
const PAGE_BYTES = 4_000_000;

const COMMITTED = `SELECT a.id AS row_id, 0::bigint AS number, a.kind, a.environment, a.service_name, a.config_key, a.version,
    a.deleted, a.old_value, a.new_value, a.config_type, a.description, a.updated_by, a.reason, a.rollback_available,
    a.intent_id, a.generation, a.revision, a.created_at, 'committed' AS outcome
  FROM configuration_audit a`;
/** What was wanted and not made has no rows: only its intent. */
const NOT_MADE = `SELECT i.id AS row_id, change.number, change.kind, change.environment, change.service_name,
    change.config_key, change.version, change.deleted, change.old_value,
    coalesce(change.new_value, 'null'::jsonb) AS new_value, change.config_type, change.description,
    i.actor AS updated_by, i.reason, i.rollback_available, i.id AS intent_id, i.generation, NULL::bigint AS revision,
    i.created_at, o.status AS outcome
  FROM change_outcome o JOIN change_intent i ON i.id = o.intent_id,
    ROWS FROM (jsonb_to_recordset(i.operations) AS (kind text, environment text, service_name text,
      config_key text, version int, deleted boolean, old_value jsonb, new_value jsonb, config_type text,
      description text)) WITH ORDINALITY AS change(kind, environment, service_name, config_key, version, deleted,
      old_value, new_value, config_type, description, number)
  WHERE o.status <> 'committed'`;

const CONDITIONS = {
  environment: 'e.environment = ?',
  service_name: 'e.service_name = ?',
  config_key: 'e.config_key = ?',
  kind: 'e.kind = ?',
  updated_by: 'e.updated_by = ?',
  from: 'e.created_at >= ?',
  to: 'e.created_at < ?',
  revision: 'e.revision = ?',
  outcome: 'e.outcome = ?',
} as const satisfies Record<keyof AuditFilter, string>;

/** @throws ServiceError `invalid_request` for a cursor that is none */
export async function listEntries(
  pool: Pool,
  filter: AuditFilter,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<EntryPage> {
  const values: unknown[] = [page.limit];
  const use = (condition: string, value: unknown) => condition.replace('?', `$${values.push(value)}`);
  const conditions = Object.entries(CONDITIONS).flatMap(([name, condition]) => {
    const wanted = filter[name as keyof AuditFilter];
    return wanted === undefined ? [] : [use(condition, wanted)];
  });
  const after = page.cursor === undefined ? undefined : parseCursor(page.cursor);
  if (after) {
    const at = use("timestamptz 'epoch' + ?::bigint * interval '1 microsecond'", after.at);
    conditions.push(
      `(e.created_at, e.row_id, e.number) < (${at}, ${use('?', after.id)}, ${use('?', after.number)})`,
    );
  }
  const { rows } = await pool.query<EntryRow>(
    `WITH page AS (
       SELECT e.*, row_number() OVER place AS place,
         sum(coalesce(pg_column_size(e.old_value), 0) + pg_column_size(e.new_value)) OVER place AS bytes
       FROM (SELECT * FROM (${filter.outcome === 'committed' ? COMMITTED : NOT_MADE}) e
         WHERE ${conditions.join(' AND ')}
         ORDER BY e.created_at DESC, e.row_id DESC, e.number DESC LIMIT $1) e
       WINDOW place AS (ORDER BY e.created_at DESC, e.row_id DESC, e.number DESC)
     )
     SELECT *, (extract(epoch FROM created_at) * 1000000)::bigint AS at, (SELECT count(*) FROM page) AS found
     FROM page WHERE place = 1 OR bytes < ${PAGE_BYTES} ORDER BY place`,
    values,
  );
  const last = rows.at(-1);
  const more = last && Number(last.found) >= (rows.length === page.limit ? page.limit : rows.length + 1);
  return { entries: rows.map(fromRow), ...(more && { next: formatCursor(last) }) };
}

/** All that fit, page by page: as much in memory as one page. */
export async function* eachEntry(pool: Pool, filter: AuditFilter): AsyncGenerator<readonly AuditEntry[]> {
  let cursor: string | undefined;
  do {
    const page = await listEntries(pool, filter, { limit: 1_000, cursor });
    yield page.entries;
    cursor = page.next;
  } while (cursor !== undefined);
}

const fromRow = (row: EntryRow): AuditEntry => ({
  id: row.outcome === 'committed' ? row.row_id : `${row.row_id}/${row.number}`,
  outcome: row.outcome,
  kind: row.kind,
  environment: row.environment,
  service_name: row.service_name,
  config_key: row.config_key,
  version: row.version,
  deleted: row.deleted,
  old_value: row.old_value,
  new_value: row.new_value,
  config_type: row.config_type,
  description: row.description,
  updated_by: row.updated_by,
  reason: row.reason ?? '',
  rollback_available: row.rollback_available,
  intent_id: row.intent_id,
  generation: row.generation,
  revision: row.revision === null ? null : Number(row.revision),
  created_at: new Date(Math.floor(Number(row.at) / 1_000)).toISOString(),
});

const formatCursor = ({ at, row_id, number }: EntryRow): string =>
  Buffer.from(`${at} ${row_id} ${number}`).toString('base64url');

function parseCursor(cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString();
  const match = /^(\d{1,17}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (\d{1,9})$/.exec(text);
  if (!match) throw fieldFault('query.cursor', 'is not one that was answered');
  return { at: match[1]!, id: match[2]!, number: Number(match[3]) };
}
