/** Walks a chain from its beginning and recomputes every link. */
import type { AuditFault, AuditFaultKind } from '@quantivista/contracts';
import type { Pool } from 'pg';
import { CHAIN_ORDER, linkHash, NO_HASH, TRAIL_COLUMNS, type TrailRow } from './chain-hash.ts';
import type { ChainHead } from './seal.ts';

/** What came of one page. */
export interface Checked {
  readonly checked: number;
  readonly faults: readonly AuditFault[];
}

/** An entry of the chain, and in `row` the row that it stands for, if that is there. */
interface Link {
  readonly sequence: number;
  readonly hash: string;
  readonly id: string;
  readonly generation: string;
  readonly revision: number;
  readonly kind: string;
  readonly service_name: string;
  readonly config_key: string;
  readonly version: number;
  readonly row: TrailRow | undefined;
}

const PAGE_ROWS = 2_000;
const PAGE_BYTES = 8_000_000;

/** Entries behind `after`, by a range of places: whatever the planner thinks of the table, it need not sort the rest. */
async function readLinks(pool: Pool, environment: string, after: number): Promise<Link[]> {
  const { rows } = await pool.query({
    name: 'chain-links',
    text: `WITH a AS (
             SELECT a.*, c.sequence AS c_sequence, encode(c.hash, 'hex') AS c_hash, c.audit_id AS c_id,
               c.generation AS c_generation, c.revision AS c_revision, c.kind AS c_kind,
               c.service_name AS c_service_name, c.config_key AS c_config_key, c.version AS c_version,
               row_number() OVER place AS number, sum(coalesce(pg_column_size(a.old_value), 0)
                 + coalesce(pg_column_size(a.new_value), 0)) OVER place AS bytes
             FROM audit_chain c LEFT JOIN configuration_audit a ON a.id = c.audit_id
             WHERE c.environment = $1 AND c.sequence > $2 AND c.sequence <= $2 + ${PAGE_ROWS}
             WINDOW place AS (ORDER BY c.sequence)
           )
           SELECT c_sequence, c_hash, c_id, c_generation, c_revision, c_kind, c_service_name, c_config_key, c_version,
             ${TRAIL_COLUMNS}
           FROM a WHERE number = 1 OR bytes < ${PAGE_BYTES} ORDER BY number`,
    values: [environment, after],
  });
  if (rows.length === 0) return afterGap(pool, environment, after);
  return rows.map(row => ({
    sequence: Number(row.c_sequence),
    hash: row.c_hash,
    id: row.c_id,
    generation: row.c_generation,
    revision: Number(row.c_revision),
    kind: row.c_kind,
    service_name: row.c_service_name,
    config_key: row.c_config_key,
    version: row.c_version,
    row: row.id === null ? undefined : row,
  }));
}

/** The end, or more entries are gone than a page has. */
async function afterGap(pool: Pool, environment: string, after: number): Promise<Link[]> {
  const { rows } = await pool.query<{ next: string | null }>(
    'SELECT min(sequence) AS next FROM audit_chain WHERE environment = $1 AND sequence > $2',
    [environment, after],
  );
  const next = rows[0]!.next;
  return next === null ? [] : readLinks(pool, environment, Number(next) - 1);
}

/** Whether `link` comes before `last`, in one generation. */
function isBefore(link: Link, last: Link): boolean {
  for (const column of CHAIN_ORDER) {
    if (link[column] !== last[column]) return link[column] < last[column];
  }
  return true;
}

/**
 * Page by page, in order. Each link is checked against the hash that its predecessor is recorded with, so that
 * one altered row is one fault, not as many as there are rows behind it.
 * @param anchor the end of the chain that is known elsewhere; read before this is called
 */
export async function* verifyChain(
  pool: Pool,
  environment: string,
  anchor: ChainHead | undefined,
): AsyncGenerator<Checked> {
  /** Newest link of each generation. */
  const newest = new Map<string, Link>();
  let sequence = 0;
  let previous = NO_HASH;
  const beside = (message: string, fault: AuditFaultKind): AuditFault => ({ fault, environment, message });

  function* check(link: Link): Generator<AuditFault> {
    const { hash, row, id, generation, ...names } = link;
    const name = { environment, ...names, id };
    if (link.sequence !== sequence + 1) {
      yield beside(`entries ${sequence + 1} to ${link.sequence - 1} of the chain are gone`, 'chain');
      // What they were is not known: this link can't be checked, the following can.
    } else if (row === undefined) {
      yield { fault: 'removed', ...name, message: 'the row is gone that was sealed here' };
    } else if (linkHash(previous, link.sequence, row) !== hash) {
      const moved = row.revision !== String(link.revision) || row.generation !== generation;
      const last = newest.get(generation);
      if (moved) {
        const message = `sealed as of revision ${link.revision}, the row says ${row.revision}`;
        yield { fault: 'order', ...name, message };
      } else if (last && isBefore(link, last)) {
        yield { fault: 'order', ...name, message: `stands behind revision ${last.revision}` };
      } else {
        yield { fault: 'changed', ...name, message: 'the row is not what it was when it was sealed' };
      }
    }
    if (anchor?.sequence === link.sequence && anchor.hash !== hash) {
      yield beside(
        `entry ${link.sequence} is not the one that etcd knows: the chain was rewritten`,
        'cut_off',
      );
    }
    newest.set(generation, link);
    sequence = link.sequence;
    previous = hash;
  }

  let reading = readLinks(pool, environment, 0);
  for (;;) {
    const links = await reading;
    if (links.length === 0) break;
    // While these are checked, Postgres reads on.
    reading = readLinks(pool, environment, links.at(-1)!.sequence);
    reading.catch(() => {});
    yield { checked: links.length, faults: links.flatMap(link => [...check(link)]) };
  }
  const faults: AuditFault[] = [];
  if (anchor && anchor.sequence > sequence) {
    faults.push(beside(`the chain ends at ${sequence}, and etcd knows entry ${anchor.sequence}`, 'cut_off'));
  }
  if (!anchor && sequence > 0) faults.push(beside('etcd does not know the end of this chain', 'unanchored'));
  yield { checked: 0, faults };
}
