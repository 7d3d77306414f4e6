/** Brings the schema up to date: numbered files, each applied once, by one process at a time. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { type AuditOptions, createPool } from './pool.ts';

const FOLDER = join(import.meta.dirname, '../migrations');
/** Any number that no other application takes in this database. */
const LOCK = 7_146_233;

/** @param options of the user who owns the tables, or is to own them */
export async function migrate({ url, password, certificates }: AuditOptions): Promise<void> {
  const pool = createPool({ url, password, certificates, timeoutMs: 60_000, connections: 1 }, true);
  try {
    await applyMissing(pool);
  } finally {
    await pool.end();
  }
}

async function applyMissing(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    // Held until the transaction ends: authorities that start at once take turns.
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())',
    );
    const { rows } = await client.query<{ name: string }>('SELECT name FROM migration');
    const applied = new Set(rows.map(row => row.name));
    for (const name of (await readdir(FOLDER)).filter(file => file.endsWith('.sql')).sort()) {
      if (applied.has(name)) continue;
      await client.query(await readFile(join(FOLDER, name), 'utf8'));
      await client.query('INSERT INTO migration (name) VALUES ($1)', [name]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}
