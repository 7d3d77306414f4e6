/**
 * The least that a write behind HTTP can take which is on record before and after it, as a process: a server that parses
 * the body, and inserts, commits and inserts again by the same drivers. No rules, no rights, no versions.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { createEtcd } from '@quantivista/etcd';
import pg from 'pg';

const { etcd: etcdUrl, postgres } = JSON.parse(process.argv[2]!) as { etcd: string; postgres: string };
const etcd = createEtcd({ hosts: [etcdUrl] });
const pool = new pg.Pool({ connectionString: postgres, max: 16 });
await pool.query(
  'CREATE TABLE IF NOT EXISTS bare_step (id bigserial PRIMARY KEY, key text NOT NULL, value jsonb NOT NULL)',
);

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const insert = (key: string, value: string) =>
  pool.query({
    name: 'insert',
    text: 'INSERT INTO bare_step (key, value) VALUES ($1, $2)',
    values: [key, value],
  });

const server = createServer(async (request, response) => {
  const key = `/bare${request.url}`;
  const value = JSON.stringify(JSON.parse(await bodyOf(request)).new_value);
  await insert(key, value);
  const { revision } = await etcd.txn({ compare: [], success: [{ op: 'put', key, value }] });
  await insert(key, value);
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ revision }));
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
