/** Compares the tables of the trail with each other: intents, outcomes, rows, and what is sealed of them. */
import type { AuditFault, AuditFaultKind } from '@quantivista/contracts';
import type { Pool } from 'pg';
import type { Checked } from './verify-chain.ts';

const PAGE_ROWS = 5_000;
/** Rows are sealed within a second, unless the write of one of an earlier revision is in doubt. */
const UNSEALED_AFTER_S = 60;
const NO_ID = '00000000-0000-0000-0000-000000000000';

interface FaultRow extends Omit<AuditFault, 'message' | 'revision' | 'fault'> {
  readonly fault: AuditFaultKind | 'young';
  readonly revision: string | null;
}

const NAMES = 'kind, environment, service_name, config_key, version';

/** What each of these faults means of a row. */
const MESSAGES: Partial<Record<AuditFaultKind, string>> = {
  changed: 'the row is not what its intent says',
  removed: 'the change was committed, and its row is gone',
  unsealed: `not sealed for over ${UNSEALED_AFTER_S} s`,
  unresolved: 'the intent has neither an outcome nor a place in the work list',
};

function toFault({ fault, revision, ...row }: FaultRow, inserted: string): AuditFault {
  const present = Object.entries(row).filter(([, value]) => value !== null);
  return {
    ...(Object.fromEntries(present) as unknown as AuditFault),
    fault: fault as AuditFaultKind,
    message: MESSAGES[fault as AuditFaultKind] ?? inserted,
    ...(revision !== null && { revision: Number(revision) }),
  };
}

/** Ids of a table, in pages: the last of the page behind `after`, and how many it has. */
async function pageOf(pool: Pool, table: 'change_intent' | 'configuration_audit', after: string) {
  const { rows } = await pool.query<{ count: string; last: string }>(
    `SELECT count(*), (array_agg(id ORDER BY id DESC))[1] AS last
     FROM (SELECT id FROM ${table} WHERE id > $1 ORDER BY id LIMIT ${PAGE_ROWS}) page`,
    [after],
  );
  return { count: Number(rows[0]!.count), last: rows[0]!.last };
}

const OPERATION = `a.kind = coalesce(change.kind, 'configuration') AND a.environment = change.environment
  AND a.service_name = change.service_name AND a.config_key = change.config_key`;

/** Each committed intent has the rows that it says and no others; each intent has an outcome, or waits for one. */
export async function* verifyIntents(pool: Pool): AsyncGenerator<Checked> {
  let after = NO_ID;
  for (;;) {
    const { count, last } = await pageOf(pool, 'change_intent', after);
    if (count === 0) return;
    const { rows } = await pool.query<FaultRow>({
      name: 'verify-intents',
      text: `WITH page AS (
               SELECT i.*, o.status, o.revision FROM change_intent i LEFT JOIN change_outcome o ON o.intent_id = i.id
               WHERE i.id > $1 AND i.id <= $2
             )
             SELECT CASE WHEN a.id IS NULL THEN 'removed' ELSE 'changed' END AS fault,
               coalesce(change.kind, 'configuration') AS kind, change.environment, change.service_name,
               change.config_key, change.version, i.revision, coalesce(a.id, i.id) AS id
             FROM page i CROSS JOIN jsonb_to_recordset(i.operations) AS change(kind text, environment text, service_name text,
               config_key text, old_value jsonb, new_value jsonb, version int, deleted boolean, config_type text,
               description text)
             LEFT JOIN configuration_audit a ON a.intent_id = i.id AND ${OPERATION}
             WHERE i.status = 'committed' AND (a.id IS NULL OR
               (a.version, a.deleted, a.new_value, a.description, a.updated_by, a.rollback_available, a.revision,
                 a.generation) <> (change.version, change.deleted, coalesce(change.new_value, 'null'::jsonb),
                 change.description, i.actor, i.rollback_available, i.revision, i.generation)
               OR a.old_value IS DISTINCT FROM change.old_value OR a.reason IS DISTINCT FROM i.reason
               OR a.config_type IS DISTINCT FROM change.config_type)
             UNION ALL
             SELECT 'inserted', ${NAMES}, a.revision, a.id
             FROM (SELECT * FROM page i WHERE (SELECT count(*) FROM configuration_audit a WHERE a.intent_id = i.id) >
               CASE WHEN i.status = 'committed' THEN jsonb_array_length(i.operations) ELSE 0 END) i
             JOIN configuration_audit a ON a.intent_id = i.id
             WHERE i.status IS DISTINCT FROM 'committed' OR NOT EXISTS (SELECT 1 FROM jsonb_to_recordset(i.operations)
               AS change(kind text, environment text, service_name text, config_key text) WHERE ${OPERATION})
             UNION ALL
             SELECT 'unresolved', NULL, coalesce(i.operations -> 0 ->> 'environment', '*'), NULL, NULL, NULL, NULL, i.id
             FROM page i WHERE i.status IS NULL
               AND NOT EXISTS (SELECT 1 FROM change_pending WHERE change_pending.intent_id = i.id)`,
      values: [after, last],
    });
    yield { checked: count, faults: rows.map(row => toFault(row, 'no committed change has made this row')) };
    after = last;
  }
}

/** Rows that have no place in the chain: young ones will get one, others were put in behind it. */
export async function* verifySealed(pool: Pool): AsyncGenerator<Checked & { readonly unsealed: number }> {
  let after = NO_ID;
  for (;;) {
    const { count, last } = await pageOf(pool, 'configuration_audit', after);
    if (count === 0) return;
    const { rows } = await pool.query<FaultRow>({
      name: 'verify-sealed',
      text: `SELECT CASE
                 WHEN EXISTS (SELECT 1 FROM audit_chain later WHERE later.environment = a.environment
                   AND later.generation = a.generation AND later.revision >= a.revision
                   AND (later.revision, later.kind COLLATE "C", later.service_name COLLATE "C",
                     later.config_key COLLATE "C") >= (a.revision, a.kind, a.service_name, a.config_key))
                   THEN 'inserted'
                 WHEN created_at < now() - interval '${UNSEALED_AFTER_S} s' THEN 'unsealed'
                 ELSE 'young' END AS fault, ${NAMES}, revision, id
             FROM configuration_audit a WHERE id > $1 AND id <= $2
               AND NOT EXISTS (SELECT 1 FROM audit_chain WHERE audit_chain.audit_id = a.id)`,
      values: [after, last],
    });
    const unsealed = rows.filter(({ fault }) => fault !== 'inserted').length;
    const wrong = rows.filter(({ fault }) => fault !== 'young');
    yield {
      checked: count,
      unsealed,
      faults: wrong.map(row => toFault(row, 'the row came when later ones were sealed already')),
    };
    after = last;
  }
}
