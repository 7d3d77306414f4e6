/** What was found that should not be, and how far etcd's history has been compared with the trail. */
import type { AuditFinding, RecordPath } from '@quantivista/contracts';
import type { Pool } from 'pg';

export type Finding = Pick<AuditFinding, 'kind' | 'generation' | 'revision' | 'subject' | 'details'>;

/** True for the first to record it: it may be found more than once. It is an event as well, or neither. */
export async function recordFinding(pool: Pool, finding: Finding): Promise<boolean> {
  const { kind, generation, revision, subject, details } = finding;
  const { rowCount } = await pool.query(
    `WITH found AS (
       INSERT INTO audit_finding (kind, generation, revision, subject, details) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING RETURNING id, kind, generation, revision, subject, details
     )
     SELECT append_event(id, generation, revision, 'audit_finding', subject, '*', '',
       jsonb_build_object('kind', kind, 'subject', subject, 'details', details)) FROM found`,
    [kind, generation, revision, subject, JSON.stringify(details)],
  );
  return rowCount === 1;
}

/** Newest first. */
export async function listFindings(
  pool: Pool,
  { limit, before }: { readonly limit: number; readonly before?: number | undefined },
): Promise<AuditFinding[]> {
  const { rows } = await pool.query(
    `SELECT sequence, id, kind, at, generation, revision, subject, details FROM audit_finding
     WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2`,
    [before ?? Number.MAX_SAFE_INTEGER, limit],
  );
  return rows.map(row => ({
    ...row,
    sequence: Number(row.sequence),
    revision: Number(row.revision),
    at: row.at.toISOString(),
  }));
}

/** Up to which revision a generation was reconciled; `undefined` where it never was. */
export async function reconciled(pool: Pool, generation: string): Promise<number | undefined> {
  const { rows } = await pool.query('SELECT revision FROM audit_reconciled WHERE generation = $1', [
    generation,
  ]);
  return rows[0] && Number(rows[0].revision);
}

/** Never goes back. */
export async function markReconciled(pool: Pool, generation: string, revision: number): Promise<void> {
  await pool.query(
    `INSERT INTO audit_reconciled (generation, revision) VALUES ($1, $2)
     ON CONFLICT (generation) DO UPDATE SET revision = greatest(audit_reconciled.revision, excluded.revision)`,
    [generation, revision],
  );
}

/** A record that a revision has changed, by the trail. */
export interface CommittedChange extends RecordPath {
  readonly revision: number;
  readonly intentId: string;
}

/** What was committed after `from`, up to `to`, in order of revision. */
export async function committedChanges(
  pool: Pool,
  generation: string,
  from: number,
  to: number,
): Promise<CommittedChange[]> {
  const { rows } = await pool.query(
    `SELECT kind, environment, service_name AS service, config_key AS key, revision, intent_id AS "intentId"
     FROM configuration_audit WHERE generation = $1 AND revision > $2 AND revision <= $3 ORDER BY revision`,
    [generation, from, to],
  );
  return rows.map(row => ({ ...row, revision: Number(row.revision) }));
}
