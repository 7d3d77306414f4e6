/** Stores and authorities whose trail is tampered with: what a test of that needs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AUDIT_CHAINS,
  type AuditChain,
  type AuditFault,
  type AuditFinding,
  auditAnchorKey,
} from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import pg from 'pg';
import { createAuthority } from '../../infra/stack/apps.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdServer, createPostgresServer, servingUrl } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { type Api, createApi } from '../harness/api.ts';
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

const EVIDENCE = ['change_intent', 'change_outcome', 'configuration_audit', 'audit_chain', 'audit_finding'];

/** Two authorities unless told otherwise. */
export async function startAuditNetwork(count = 2, env: Record<string, string> = {}): Promise<AuditNetwork> {
  const dir = mkdtempSync(join(tmpdir(), 'qv-audit-'));
  const ports = createPorts();
  const etcd = createEtcdServer({
    name: 'etcd',
    dir,
    port: await ports.next(),
    peerPort: await ports.next(),
  });
  const postgres = createPostgresServer({ name: 'postgres', dir, port: await ports.next() });
  await Promise.all([etcd.start(), postgres.start()]);
  const tokenFile = join(dir, 'token');
  const authorities: Component[] = [];
  for (let index = 1; index <= count; index++) {
    const authority = createAuthority({
      name: `authority-${index}`,
      dir,
      port: await ports.next(),
      runtime: 'node',
      env: {
        ETCD_URLS: etcd.url,
        POSTGRES_URL: servingUrl(postgres.url),
        POSTGRES_MIGRATE_URL: postgres.url,
        ADMIN_TOKEN_FILE: tokenFile,
        RECOVER_AFTER_MS: '1000',
        RECOVER_INTERVAL_MS: '50',
        SEAL_INTERVAL_MS: '50',
        RECONCILE_INTERVAL_MS: '50',
        LOG_LEVEL: 'warn',
        OPEN_ENDPOINTS: 'metrics',
        ...env,
      },
    });
    await authority.start();
    authorities.push(authority);
  }
  const [first] = authorities;
  const token = readFileSync(tokenFile, 'utf8').trim();
  const api = createApi({ url: first!.url, token, environment: 'TEST' });
  const store = createEtcd({ hosts: [etcd.url] });
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  pool.on('error', () => {});
  const sql: AuditNetwork['sql'] = (text, values) => pool.query(text, values);

  async function tamper(statements: readonly string[]): Promise<void> {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      for (const table of EVIDENCE) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER append_only`);
      for (const statement of statements) await client.query(statement);
      for (const table of EVIDENCE)
        await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER append_only`);
      await client.query('COMMIT');
    } finally {
      client.release();
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
      await Promise.all(authorities.map(each => each.stop()));
      await Promise.all([etcd.stop(), postgres.stop()]);
      postgres.wipe();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
