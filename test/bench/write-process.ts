import process from 'node:process';
import { createEtcd } from '@quantivista/etcd';
import pg from 'pg';
import { Agent, request } from 'undici';
import type { WriteLoadOptions, WriteRun } from './write-load.ts';

const { kind, endpoints, writers } = JSON.parse(process.argv[2]!) as WriteLoadOptions;
const TEXT = 'x'.repeat(300);
/** Each writer has keys of its own: what is measured is the work, not the contention. */
const keyOf = (writer: number, count: number) => `key-${writer}-${count % 20}`;

type Write = (writer: number, count: number) => Promise<void>;

function behindHttp(): Write {
  const dispatcher = new Agent({ connections: writers });
  return async (writer, count) => {
    const { statusCode, body } = await request(
      `${endpoints.authority}/api/v1/config/bench/${keyOf(writer, count)}?environment=TEST`,
      {
        dispatcher,
        method: 'PUT',
        headers: { authorization: `Bearer ${endpoints.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ new_value: { count, text: TEXT }, reason: 'bench' }),
      },
    );
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`PUT answered ${statusCode} ${text}`);
  };
}

async function bare(): Promise<Write> {
  const etcd = createEtcd({ hosts: [endpoints.etcd] });
  const pool = new pg.Pool({ connectionString: endpoints.postgres, max: 16 });
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bare_write (id bigserial PRIMARY KEY, key text NOT NULL, value jsonb NOT NULL)',
  );
  return async (writer, count) => {
    const key = `/bare/${keyOf(writer, count)}`;
    const value = JSON.stringify({ count, text: TEXT });
    await etcd.txn({ compare: [], success: [{ op: 'put', key, value }] });
    await pool.query({
      name: 'insert',
      text: 'INSERT INTO bare_write (key, value) VALUES ($1, $2)',
      values: [key, value],
    });
  };
}

const write = kind === 'bare' ? await bare() : behindHttp();
let count = 0;

async function run(ms: number): Promise<WriteRun> {
  const startedAt = performance.now();
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      while (performance.now() - startedAt < ms) {
        const sentAt = performance.now();
        await write(writer, count++);
        times.push(performance.now() - sentAt);
      }
    }),
  );
  return { ms: performance.now() - startedAt, times };
}

process.on('message', async ({ ms }: { ms: number }) => process.send!(await run(ms)));
process.on('disconnect', () => process.exit());
