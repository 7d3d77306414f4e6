/**
 * Keeps the table `feature_flags` what the store holds: the leader looks whether any flag has changed, and writes
 * the whole state where one has. It follows the store, not the trail: a write whose author died is in it as soon
 * as the store has it, a restored store replaces it, and a crash anywhere leaves the state of before.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FlagProjection, FlagState, ProjectedFlag, ProjectionPosition } from '@quantivista/audit';
import {
  FeatureFlag,
  FLAGS_PREFIX,
  GENERATION_KEY,
  type Json,
  type ProjectionCheck,
  type ProjectionDifference,
  type ProjectionRebuilt,
  ServiceError,
} from '@quantivista/contracts';
import type { Etcd, KeyValue } from '@quantivista/etcd';
import { createBackoff, createOutage, type Log, pause } from '@quantivista/runtime';
import type { Leadership } from '../lead/leadership.ts';
import { flagsUnchangedSince, readStored } from './store-flags.ts';

export interface ProjectionOptions {
  readonly etcd: Etcd;
  readonly table: FlagProjection;
  readonly leadership: Pick<Leadership, 'leading'>;
  readonly log: Log;
  /** @default 500 */
  readonly intervalMs?: number;
}

export interface Projection {
  /** @throws ServiceError `store_unavailable`, `audit_unavailable` */
  rebuild(): Promise<ProjectionRebuilt>;
  /** @throws ServiceError `store_unavailable`, `audit_unavailable`; `not_ready` where the table stays behind */
  check(): Promise<ProjectionCheck>;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** The table is given so long to catch up with the store before it is compared. */
const CATCH_UP_MS = 5_000;

type Read = { readonly row: ProjectedFlag } | { readonly unreadable: string };

/** A row of what is stored; what is no flag has none, whoever put it there. */
function readRow({ key, value, modRevision }: KeyValue, generation: string): Read {
  const name = key.slice(FLAGS_PREFIX.length);
  let stored: Json;
  try {
    stored = JSON.parse(value);
  } catch {
    return { unreadable: name };
  }
  const { data: flag } = FeatureFlag.safeParse(stored);
  if (flag?.flag_name !== name || flag.version === undefined || flag.created_by === undefined)
    return { unreadable: name };
  const { created_at: createdAt, updated_at: updatedAt } = flag;
  if (createdAt === undefined || updatedAt === undefined) return { unreadable: name };
  return {
    row: {
      flag_name: name,
      enabled: flag.enabled,
      rollout_percentage: flag.rollout_percentage,
      target_services: flag.target_services,
      conditions: flag.conditions as Json,
      description: flag.description,
      created_by: flag.created_by,
      created_at: createdAt,
      updated_at: updatedAt,
      archived: flag.archived ?? false,
      version: flag.version,
      revision: modRevision,
      generation,
      definition: stored,
    },
  };
}

export function createProjection(options: ProjectionOptions): Projection {
  const { etcd, table, leadership, log, intervalMs = 500 } = options;

  async function stateOfStore(): Promise<FlagState & { readonly unreadable: readonly string[] }> {
    const { generation, revision, lists } = await readStored(etcd, [FLAGS_PREFIX]);
    const read = lists[0]!.map(entry => readRow(entry, generation));
    return {
      generation,
      revision,
      flags: read.flatMap(each => ('row' in each ? [each.row] : [])),
      unreadable: read.flatMap(each => ('unreadable' in each ? [each.unreadable] : [])),
    };
  }

  /** Whether the store holds other flags than it did at the position. */
  async function isBehind({ generation, revision }: ProjectionPosition): Promise<boolean> {
    if (generation === null) return true;
    const { succeeded } = await etcd.txn({
      compare: [{ key: GENERATION_KEY, target: 'value', is: generation }, ...flagsUnchangedSince(revision)],
      success: [{ op: 'get', key: GENERATION_KEY }],
    });
    return !succeeded;
  }

  async function catchUp(): Promise<void> {
    if (leadership.leading && (await isBehind(await table.position())))
      await table.write(await stateOfStore());
  }

  return {
    rebuild: async () => {
      // A newer state may have been written since this one was read: then that is what is rebuilt.
      for (;;) {
        const state = await stateOfStore();
        const changed = await table.write(state, { rebuild: true });
        if (changed !== undefined) return { revision: state.revision, flags: state.flags.length, changed };
      }
    },
    check: async () => {
      const until = Date.now() + CATCH_UP_MS;
      for (;;) {
        const { position, flags } = await table.read();
        const state = await stateOfStore();
        // None has changed from the one to the other: what differs was changed in the table.
        if (!(await isBehind(position))) {
          const { revision, flags: wanted, unreadable } = state;
          return { revision, flags: wanted.length, differences: differences(wanted, flags, unreadable) };
        }
        if (Date.now() > until)
          throw new ServiceError('not_ready', {
            message: 'The table is behind the store: it is not compared',
          });
        await pause(100);
      }
    },
    run: async signal => {
      const backoff = createBackoff({ firstMs: intervalMs, maxMs: 10 * intervalMs });
      const outage = createOutage(log, 'the table of flags can not be kept up');
      while (!signal.aborted) {
        let waitMs = intervalMs;
        try {
          await catchUp();
          backoff.reset();
          outage.over();
        } catch (error) {
          outage.failed(error);
          waitMs = backoff.next();
        }
        await pause(waitMs, signal);
      }
    },
  };
}

function differences(
  wanted: readonly ProjectedFlag[],
  found: readonly ProjectedFlag[],
  unreadable: readonly string[],
): ProjectionDifference[] {
  const rows = new Map(found.map(row => [row.flag_name, row]));
  const all: ProjectionDifference[] = unreadable.map(name => ({
    flag_name: name,
    difference: 'unreadable',
    columns: [],
  }));
  for (const flag of wanted) {
    const row = rows.get(flag.flag_name);
    rows.delete(flag.flag_name);
    const columns = Object.keys(flag).filter(name => {
      const column = name as keyof ProjectedFlag;
      return row && !isDeepStrictEqual(row[column], flag[column]);
    });
    if (!row) all.push({ flag_name: flag.flag_name, difference: 'missing', columns });
    else if (columns.length > 0) all.push({ flag_name: flag.flag_name, difference: 'different', columns });
  }
  for (const name of rows.keys()) all.push({ flag_name: name, difference: 'unexpected', columns: [] });
  return all.sort((a, b) => (a.flag_name < b.flag_name ? -1 : 1));
}
