/** The stores that what a region counts passes, and the authority's part of the way. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Audit, createAudit } from '@quantivista/audit';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { createMetrics, silentLog } from '@quantivista/runtime';
import { createIntake, type IntakeOptions } from '../../apps/authority/src/network/intake.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createPostgresServer, servingUrl } from '../../infra/stack/postgres-server.ts';
import { createEtcdServer, createRedisServer } from '../../infra/stack/stores.ts';

export interface TallyStores {
  readonly redis: Component;
  readonly etcd: Etcd;
  readonly audit: Audit;
  /** Take in as the leading authority does; answers how to end. */
  startIntake<B>(of: Pick<IntakeOptions<B>, 'kind' | 'prefix' | 'schema' | 'take'>): () => Promise<void>;
  stop(): Promise<void>;
}

export async function startTallyStores(): Promise<TallyStores> {
  const dir = mkdtempSync(join(tmpdir(), 'qv-tally-'));
  const ports = createPorts();
  const [port, peerPort] = [await ports.next(), await ports.next()];
  const etcdServer = createEtcdServer({ name: 'etcd', dir, port, peerPort });
  const redis = createRedisServer({ name: 'redis', dir, port: await ports.next() });
  const postgres = createPostgresServer({ name: 'postgres', dir, port: await ports.next() });
  const stores = [etcdServer, redis, postgres];
  await Promise.all(stores.map(each => each.start()));
  const etcd = createEtcd({ hosts: [etcdServer.url] });
  // As the authority does: migrated by the owner, written by the role that serves.
  const audit = createAudit({ url: servingUrl(postgres.url), migrateUrl: postgres.url });
  await audit.migrate();
  return {
    redis,
    etcd,
    audit,
    startIntake: of => {
      const stop = new AbortController();
      const metrics = createMetrics({ process: false });
      const leadership = { leading: true };
      const intake = createIntake({ ...of, etcd, leadership, intervalMs: 10, metrics, log: silentLog });
      const ran = intake.run(stop.signal);
      return async () => {
        stop.abort();
        await ran;
      };
    },
    stop: async () => {
      await audit.close();
      etcd.close();
      await Promise.all(stores.map(each => each.stop()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
