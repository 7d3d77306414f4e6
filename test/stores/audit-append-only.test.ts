/** The trail only grows: by its triggers whoever asks, and by the rights of the role that the authority serves as. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAudit, type Intent } from '@quantivista/audit';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createPostgresServer, servingUrl } from '../../infra/stack/postgres-server.ts';
import { createPool } from '../../packages/audit/src/pool.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const INTENT = '01930000-0000-7000-8000-000000000001';
const EVIDENCE = ['change_intent', 'change_outcome', 'configuration_audit', 'audit_chain', 'audit_finding'];

let dir: string;
let postgres: Component;
let owner: pg.Client;
let serving: pg.Client;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-append-'));
  postgres = createPostgresServer({ name: 'postgres', dir, port: await createPorts().next() });
  await postgres.start();
  // As the authority does: migrated by the owner, written by the role that serves.
  const audit = createAudit({ url: servingUrl(postgres.url), migrateUrl: postgres.url });
  await audit.migrate();
  const intent: Intent = {
    id: INTENT,
    generation: GENERATION,
    readRevision: 1,
    actor: 'admin',
    reason: 'why',
    rollbackAvailable: true,
    changes: [
      {
        kind: 'configuration',
        environment: 'TEST',
        service_name: 'risk',
        config_key: 'a',
        version: 1,
        deleted: false,
        old_value: null,
        new_value: 1,
        config_type: 'APPLICATION_CONFIG',
        description: '',
      },
    ],
  };
  await audit.recordIntent(intent);
  expect(await audit.recordOutcome(intent, { status: 'committed', revision: 2 })).toBe(true);
  await audit.close();
  owner = new pg.Client({ connectionString: postgres.url });
  serving = new pg.Client({ connectionString: servingUrl(postgres.url) });
  await Promise.all([owner.connect(), serving.connect()]);
});
afterAll(async () => {
  await Promise.all([owner.end(), serving.end()]);
  await postgres.stop();
  postgres.wipe();
  rmSync(dir, { recursive: true, force: true });
});

const idOf = (table: string) =>
  table === 'change_outcome' ? 'intent_id' : table === 'audit_chain' ? 'audit_id' : 'id';

describe.each(EVIDENCE)('%s', table => {
  const forbidden = () => [
    `UPDATE ${table} SET ${idOf(table)} = ${idOf(table)}`,
    `DELETE FROM ${table}`,
    `TRUNCATE ${table} CASCADE`,
  ];

  test('refuses its owner, a superuser', async () => {
    for (const statement of forbidden()) {
      await expect(owner.query(statement), statement).rejects.toThrow('only grows');
    }
  });

  test('refuses one who plays a replica', async () => {
    await owner.query('SET session_replication_role = replica');
    try {
      for (const statement of forbidden()) {
        await expect(owner.query(statement), statement).rejects.toThrow('only grows');
      }
    } finally {
      await owner.query('RESET session_replication_role');
    }
  });

  test('the role that serves may not change it, and may not let itself', async () => {
    const more = [`ALTER TABLE ${table} DISABLE TRIGGER append_only`, `DROP TABLE ${table}`];
    for (const statement of [...forbidden(), ...more]) {
      await expect(serving.query(statement), statement).rejects.toThrow(/permission denied|must be owner/);
    }
    await expect(serving.query('SET session_replication_role = replica')).rejects.toThrow(
      'permission denied',
    );
    await expect(serving.query('SET ROLE quantivista')).rejects.toThrow('permission denied');
  });

  test('its owner can, having said so: what a later migration does that must', async () => {
    await owner.query('BEGIN');
    await owner.query(`ALTER TABLE ${table} DISABLE TRIGGER append_only`);
    await owner.query(`UPDATE ${table} SET ${idOf(table)} = ${idOf(table)}`);
    await owner.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER append_only`);
    await owner.query('COMMIT');
    await expect(owner.query(`DELETE FROM ${table}`)).rejects.toThrow('only grows');
  });
});

test('a table of a later migration is a work list for the role that serves', async () => {
  await owner.query('CREATE TABLE later_work (id bigserial PRIMARY KEY, what text)');
  await serving.query("INSERT INTO later_work (what) VALUES ('a')");
  await serving.query("UPDATE later_work SET what = 'b'");
  await serving.query('DELETE FROM later_work');
  await expect(serving.query("INSERT INTO migration (name) VALUES ('x')")).rejects.toThrow(
    'permission denied',
  );
});

test('migrating again changes nothing', async () => {
  const audit = createAudit({ url: servingUrl(postgres.url), migrateUrl: postgres.url });
  await audit.migrate();
  await audit.ping();
  await audit.close();
});

test('an owner who serves as well acts as the role that serves', async () => {
  const pool = createPool({ url: postgres.url });
  await expect(pool.query('DELETE FROM configuration_audit')).rejects.toThrow('permission denied');
  await pool.end();
});
