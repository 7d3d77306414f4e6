/** The newest row of each record: what the store should hold. */
import type { RecordKind } from '@quantivista/contracts';
import type { Pool } from 'pg';

/** Records of one kind in one environment, or `*`. */
export interface RecordGroup {
  readonly kind: RecordKind;
  readonly environment: string;
}

export interface NewestRow {
  readonly id: string;
  readonly kind: RecordKind;
  readonly environment: string;
  readonly service_name: string;
  readonly config_key: string;
  readonly version: number;
  readonly revision: number;
  readonly deleted: boolean;
  /** JSON text. */
  readonly new_value: string;
}

const PAGE_ROWS = 1_000;
const PAGE_BYTES = 8_000_000;
const COLUMNS = 'id, kind, environment, service_name, config_key, version, revision, deleted';

const fromRow = (row: Omit<NewestRow, 'revision'> & { revision: string }): NewestRow => ({
  ...row,
  revision: Number(row.revision),
});

/** Of each record of a group the newest row of `upTo` or before, in pages. */
export async function* newestRows(
  pool: Pool,
  generation: string,
  { kind, environment }: RecordGroup,
  upTo: number,
): AsyncGenerator<NewestRow[]> {
  let last: NewestRow | undefined;
  for (;;) {
    // Of the newest revision: after changes by hand it need not be the highest version.
    const { rows } = await pool.query<NewestRow & { revision: string }>({
      name: 'newest-rows',
      text: `WITH newest AS (
               SELECT DISTINCT ON (service_name, config_key) * FROM configuration_audit
               WHERE generation = $1 AND kind = $2 AND environment = $3 AND revision <= $4
                 AND ($5::text IS NULL OR (service_name, config_key) < ($5::text, $6::text))
               ORDER BY service_name DESC, config_key DESC, revision DESC LIMIT ${PAGE_ROWS}
             ), page AS (
               SELECT *, row_number() OVER place AS number, sum(pg_column_size(new_value)) OVER place AS bytes
               FROM newest WINDOW place AS (ORDER BY service_name DESC, config_key DESC)
             )
             SELECT ${COLUMNS}, new_value::text FROM page WHERE number = 1 OR bytes < ${PAGE_BYTES} ORDER BY number`,
      values: [generation, kind, environment, upTo, last?.service_name ?? null, last?.config_key ?? null],
    });
    if (rows.length === 0) return;
    yield rows.map(fromRow);
    last = fromRow(rows.at(-1)!);
  }
}

/** Rows of any of these revisions in any of the generations: a restored store holds what was put in an earlier one. */
export async function rowsOfRevisions(
  pool: Pool,
  generations: readonly string[],
  revisions: readonly number[],
): Promise<NewestRow[]> {
  const { rows } = await pool.query<NewestRow & { revision: string }>(
    `SELECT ${COLUMNS}, new_value::text FROM configuration_audit
     WHERE generation = ANY($1) AND revision = ANY($2::bigint[])`,
    [generations, revisions],
  );
  return rows.map(fromRow);
}
