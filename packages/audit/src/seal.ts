/** Sealing: rows of the trail get their place in the chain of their environment, in order of revision. */
import type { Pool, PoolClient } from 'pg';
import { CHAIN_ORDER, linkHash, NO_HASH, TRAIL_COLUMNS, type TrailRow } from './chain-hash.ts';
import { inTransaction } from './transaction.ts';

/** A place in the chain of an environment. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

export interface SealRequest {
  readonly generation: string;
  /** The trail must be whole up to here. */
  readonly upTo: number;
  /** The last place of each chain that is known elsewhere, by environment; read before this is asked. */
  readonly anchors: ReadonlyMap<string, ChainHead>;
  readonly environments: readonly string[];
}

export interface Sealed {
  readonly rows: number;
  /** The newest place of each chain that holds, by environment. */
  readonly heads: ReadonlyMap<string, ChainHead>;
  /** Environments whose chain lacks its anchor: nothing is sealed there, or a cut would be covered up. */
  readonly broken: readonly string[];
  /** There was more than one turn takes. */
  readonly more: boolean;
}

/** Any number that nothing else takes in this database. */
const LOCK = 7_146_234;
/** Rows of an environment in one turn, and bytes of their values as they are stored. */
const PAGE_ROWS = 1_000;
const PAGE_BYTES = 4_000_000;

/** `undefined` where another is sealing. */
export const seal = (pool: Pool, request: SealRequest): Promise<Sealed | undefined> =>
  inTransaction(pool, async client => {
    const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [
      LOCK,
    ]);
    return rows[0]!.mine ? sealLocked(client, request) : undefined;
  });

async function sealLocked(client: PoolClient, request: SealRequest): Promise<Sealed> {
  const heads = new Map<string, ChainHead>();
  const holding: string[] = [];
  const broken: string[] = [];
  for (const { environment, sequence, hash, anchored } of await readHeads(client, request)) {
    const anchor = request.anchors.get(environment);
    if (anchor && anchor.hash !== anchored) {
      broken.push(environment);
      continue;
    }
    holding.push(environment);
    if (hash !== null) heads.set(environment, { sequence: Number(sequence), hash });
  }
  const unsealed = await readUnsealed(client, request, holding);
  await append(client, heads, unsealed);
  const left = Map.groupBy(unsealed, ({ environment }) => environment)
    .values()
    .some(rows => Number(rows[0]!.found) > rows.length || Number(rows[0]!.found) === PAGE_ROWS);
  return { rows: unsealed.length, heads, broken, more: left };
}

interface HeadRow {
  readonly environment: string;
  readonly sequence: string | null;
  readonly hash: string | null;
  /** Hash at the anchor's place; `null` where there is none. */
  readonly anchored: string | null;
}

async function readHeads(client: PoolClient, request: SealRequest): Promise<HeadRow[]> {
  const { environments, anchors } = request;
  const { rows } = await client.query<HeadRow>({
    name: 'chain-heads',
    text: `SELECT each.environment, head.sequence, encode(head.hash, 'hex') AS hash,
             encode(anchored.hash, 'hex') AS anchored
           FROM unnest($1::text[], $2::bigint[]) AS each(environment, anchor)
           LEFT JOIN LATERAL (SELECT sequence, hash FROM audit_chain c WHERE c.environment = each.environment
             ORDER BY sequence DESC LIMIT 1) head ON true
           LEFT JOIN audit_chain anchored
             ON anchored.environment = each.environment AND anchored.sequence = each.anchor`,
    values: [environments, environments.map(each => anchors.get(each)?.sequence ?? null)],
  });
  return rows;
}

type Unsealed = TrailRow & { readonly found: string };

/** Of each chain, rows behind the last one sealed of their generation. One that comes to stand before it is never sealed. */
async function readUnsealed(
  client: PoolClient,
  { generation, upTo }: SealRequest,
  environments: readonly string[],
): Promise<Unsealed[]> {
  const order = CHAIN_ORDER.map(column => `a.${column}${column === 'revision' ? '' : ' COLLATE "C"'}`).join();
  const { rows } = await client.query<Unsealed>({
    name: 'unsealed-rows',
    text: `SELECT page.* FROM unnest($2::text[]) AS each(environment), LATERAL (
             WITH last AS (
               SELECT revision, kind, service_name, config_key FROM audit_chain
               WHERE environment = each.environment AND generation = $1 ORDER BY revision DESC, sequence DESC LIMIT 1
             ), a AS (
               SELECT a.*, row_number() OVER place AS number,
                 sum(coalesce(pg_column_size(a.old_value), 0) + pg_column_size(a.new_value)) OVER place AS bytes
               FROM configuration_audit a
               WHERE a.generation = $1 AND a.environment = each.environment AND a.revision <= $3
                 AND a.revision >= coalesce((SELECT revision FROM last), 0)
                 AND coalesce((${order}) > (SELECT revision, kind, service_name, config_key FROM last), true)
               WINDOW place AS (ORDER BY ${order}) ORDER BY ${order} LIMIT ${PAGE_ROWS}
             )
             SELECT ${TRAIL_COLUMNS}, (SELECT count(*) FROM a) AS found, number
             FROM a WHERE number = 1 OR bytes < ${PAGE_BYTES}
           ) page ORDER BY page.environment, page.number`,
    values: [generation, environments, upTo],
  });
  return rows;
}

/** Each row behind the head of its chain, which so becomes another. */
async function append(
  client: PoolClient,
  heads: Map<string, ChainHead>,
  rows: readonly Unsealed[],
): Promise<void> {
  if (rows.length === 0) return;
  const entries = rows.map(row => {
    const { environment, generation, revision, kind, service_name, config_key, version } = row;
    const last = heads.get(environment) ?? { sequence: 0, hash: NO_HASH };
    const sequence = last.sequence + 1;
    const head = { sequence, hash: linkHash(last.hash, sequence, row) };
    heads.set(environment, head);
    const names = { environment, generation, revision, kind, service_name, config_key, version };
    return { ...head, audit_id: row.id, ...names };
  });
  await client.query({
    name: 'append-chain',
    text: `INSERT INTO audit_chain
             (environment, sequence, audit_id, generation, revision, kind, service_name, config_key, version, hash)
           SELECT environment, sequence, audit_id, generation, revision, kind, service_name, config_key, version,
             decode(hash, 'hex')
           FROM jsonb_to_recordset($1::jsonb) AS entry(environment text, sequence bigint, audit_id uuid,
             generation uuid, revision bigint, kind text, service_name text, config_key text, version int, hash text)`,
    values: [JSON.stringify(entries)],
  });
}

/** Generations that the trail has rows of. */
export async function generations(pool: Pool): Promise<string[]> {
  // From one to the next along the index: the trail is long, and there are few of them.
  const { rows } = await pool.query<{ generation: string }>(
    `WITH RECURSIVE each AS (
       (SELECT generation FROM configuration_audit ORDER BY generation LIMIT 1)
       UNION ALL
       SELECT (SELECT a.generation FROM configuration_audit a WHERE a.generation > each.generation
         ORDER BY a.generation LIMIT 1) FROM each WHERE each.generation IS NOT NULL
     ) SELECT generation FROM each WHERE generation IS NOT NULL`,
  );
  return rows.map(({ generation }) => generation);
}
