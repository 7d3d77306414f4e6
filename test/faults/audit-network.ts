import {
  AUDIT_CHAINS,
  type AuditChain,
  type AuditFault,
  type AuditFinding,
  auditAnchorKey,
} from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import pg from 'pg';
import type { Component } from '../../infra/stack/component.ts';
import { servingUrl } from '../../infra/stack/postgres-server.ts';
import { until } from '../../infra/stack/until.ts';
import { type Api, createApi } from '../harness/api.ts';
import { startCentre } from '../harness/centre.ts';
import { runQvc } from '../harness/qvc.ts';

export interface AuditNetwork {
  readonly etcd: Component;
  readonly postgres: Component;
  readonly authorities: readonly Component[];
  /** Of the first authority. */
  readonly api: Api;
  readonly token: string;
  readonly store: Etcd;
  /** As the owner of the tables. */
  readonly sql: (text: string, values?: unknown[]) => Promise<pg.QueryResult>;
  /** Change the trail by hand, as its owner who has switched its triggers off. */
  tamper(statements: readonly string[]): Promise<void>;
  /** Every row there is has its place in a chain, and every chain its anchor. */
  sealed(): Promise<void>;
  /** What `qvc audit verify` finds, and its exit code. */
  verify(): Promise<{ code: number; faults: AuditFault[]; err: string[] }>;
  qvc(...args: string[]): Promise<{ code: number; out: string[]; err: string[] }>;
  findings(): Promise<AuditFinding[]>;
  stop(): Promise<void>;
}

const DEADLOCK = '40P01';
const EVIDENCE = ['change_intent', 'change_outcome', 'configuration_audit', 'audit_chain', 'audit_finding'];

/** Two authorities unless told otherwise. */
export async function startAuditNetwork(count = 2, env: Record<string, string> = {}): Promise<AuditNetwork> {
  const centre = await startCentre({
    authorities: count,
    env: ({ postgres }) => ({
      POSTGRES_URL: servingUrl(postgres.url),
      POSTGRES_MIGRATE_URL: postgres.url,
      SEAL_INTERVAL_MS: '50',
      RECONCILE_INTERVAL_MS: '50',
      ...env,
    }),
  });
  const { dir, etcd, postgres, authorities, token } = centre;
  const [first] = authorities;
  const api = createApi({ url: first!.url, token, environment: 'TEST' });
  const store = createEtcd({ hosts: [etcd.url] });
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  pool.on('error', () => {});
  const sql: AuditNetwork['sql'] = (text, values) => pool.query(text, values);

  /** What an authority does meanwhile may hold the tables in another order: then it is done once more. */
  async function tamper(statements: readonly string[]): Promise<void> {
    const whole = [
      ...EVIDENCE.map(table => `ALTER TABLE ${table} DISABLE TRIGGER append_only`),
      ...statements,
      ...EVIDENCE.map(table => `ALTER TABLE ${table} ENABLE ALWAYS TRIGGER append_only`),
    ];
    for (;;) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        for (const statement of whole) await client.query(statement);
        await client.query('COMMIT');
        return;
      } catch (error) {
        await client.query('ROLLBACK');
        if ((error as pg.DatabaseError).code !== DEADLOCK) throw error;
      } finally {
        client.release();
      }
    }
  }

  async function sealed(): Promise<void> {
    await until(
      async () => {
        const { rows } = await sql(`SELECT
          (SELECT count(*) FROM change_pending)::int AS pending,
          (SELECT count(*) FROM configuration_audit a WHERE NOT EXISTS
            (SELECT 1 FROM audit_chain c WHERE c.audit_id = a.id))::int AS unsealed`);
        if (rows[0].pending > 0 || rows[0].unsealed > 0) return false;
        const heads = await sql(
          'SELECT environment, max(sequence)::int AS sequence FROM audit_chain GROUP BY 1',
        );
        const { entries } = await store.read(AUDIT_CHAINS.map(auditAnchorKey));
        const anchored = new Map(
          entries.flatMap(entry => (entry ? [[entry.key, JSON.parse(entry.value).sequence]] : [])),
        );
        return heads.rows.every(
          ({ environment, sequence }) => anchored.get(auditAnchorKey(environment as AuditChain)) === sequence,
        );
      },
      { what: 'everything to be sealed and anchored', timeoutMs: 60_000 },
    );
  }

  const qvc = (...args: string[]) =>
    runQvc(['--authority', first!.url, '--token', token, '-e', 'test', ...args], { folder: dir });

  return {
    etcd,
    postgres,
    authorities,
    api,
    token,
    store,
    sql,
    tamper,
    sealed,
    qvc,
    verify: async () => {
      const { code, out, err } = await qvc('--json', 'audit', 'verify');
      return { code, err, faults: out.length === 0 ? [] : JSON.parse(out.join('\n')).found };
    },
    findings: async () => {
      const { body } = await api.request<{ findings: AuditFinding[] }>('GET', '/api/v1/audit/findings');
      return body.findings;
    },
    stop: async () => {
      store.close();
      await pool.end();
      await centre.stop();
    },
  };
}
