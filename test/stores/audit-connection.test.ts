/** A connection to Postgres that breaks while it is in use. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAudit } from '@quantivista/audit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createPostgresServer } from '../../infra/stack/postgres-server.ts';
import { createPool } from '../../packages/audit/src/pool.ts';
import { inTransaction } from '../../packages/audit/src/transaction.ts';

let dir: string;
let postgres: Component;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-connection-'));
  postgres = createPostgresServer({ name: 'postgres', dir, port: await createPorts().next() });
  await postgres.start();
  const audit = createAudit({ url: postgres.url });
  await audit.migrate();
  await audit.close();
});
afterAll(async () => {
  await postgres.stop();
  postgres.wipe();
  rmSync(dir, { recursive: true, force: true });
});

test('fails what it was used for, and not the process', async () => {
  const pool = createPool({ url: postgres.url });
  const other = new pg.Client({ connectionString: postgres.url });
  await other.connect();
  const broken = inTransaction(pool, async client => {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    // (`once` of node:events would take the error.)
    const ended = new Promise<void>(resolve => void client.on('end', () => resolve()));
    await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    // Between two statements nobody asks: it would be an error that nobody takes.
    await ended;
    await client.query('SELECT 1');
  });
  await expect(broken).rejects.toThrow();
  expect((await inTransaction(pool, client => client.query('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }]);
  await other.end();
  await pool.end();
});
