/** The stores as the authority reaches them: with its certificates, by users of its own, and waited for at the start. */
import { type Audit, createAudit, createEvidence, type Evidence } from '@quantivista/audit';
import { EVERYTHING_PREFIX } from '@quantivista/contracts';
import { createEtcd, type Etcd, etcdOptions, shareWatches } from '@quantivista/etcd';
import {
  type Certificates,
  createBackoff,
  createOutage,
  type Log,
  passwordFile,
  pause,
} from '@quantivista/runtime';
import { type AdminToken, createAdminToken } from './admin-token.ts';
import type { AuthorityConfig } from './config.ts';

export interface Stores {
  readonly etcd: Etcd;
  readonly audit: Audit;
  readonly evidence: Evidence;
  readonly adminToken: AdminToken;
  /** Until both answer, the tables are up to date and an admin is known: as long as it takes. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export function openStores(config: AuthorityConfig, certificates: Certificates, log: Log): Stores {
  // All that follows the store here follows it by one watch: each write comes back once.
  const etcd = shareWatches(createEtcd(etcdOptions(config, certificates)), EVERYTHING_PREFIX);
  const serving = {
    url: config.POSTGRES_URL,
    certificates,
    password: passwordFile(config.POSTGRES_PASSWORD_FILE),
  };
  const audit = createAudit({
    ...serving,
    ...(config.POSTGRES_MIGRATE_URL && { migrateUrl: config.POSTGRES_MIGRATE_URL }),
    migratePassword: passwordFile(config.POSTGRES_MIGRATE_PASSWORD_FILE),
  });
  const evidence = createEvidence(serving);
  const adminToken = createAdminToken(etcd, config.ADMIN_TOKEN_FILE, log);
  return {
    etcd,
    audit,
    evidence,
    adminToken,
    ready: async () => {
      const backoff = createBackoff({ firstMs: 50, maxMs: 1_000 });
      const outage = createOutage(log, 'waiting for etcd and Postgres');
      for (;;) {
        try {
          await audit.migrate();
          await adminToken.ensure();
          return outage.over();
        } catch (error) {
          outage.failed(error);
          await pause(backoff.next());
        }
      }
    },
    close: async () => {
      etcd.close();
      await Promise.all([audit.close(), evidence.close()]);
    },
  };
}
