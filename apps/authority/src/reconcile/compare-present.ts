/** Compares what etcd holds with the newest rows of the trail, as of one revision. */
import {
  type Audit,
  canonicalJson,
  type Evidence,
  type NewestRow,
  type RecordGroup,
} from '@quantivista/audit';
import {
  BINDINGS_PREFIX,
  ENVIRONMENTS,
  type Environment,
  environmentPrefix,
  FLAGS_PREFIX,
  GENERATION_KEY,
  PROPOSALS_PREFIX,
  protectionPath,
  type RecordPath,
  ROLES_PREFIX,
  recordKey,
  SCHEMAS_PREFIX,
  SECRETS_PREFIX,
  SEGMENTS_PREFIX,
  ServiceError,
  TOKENS_PREFIX,
  WEBHOOKS_PREFIX,
} from '@quantivista/contracts';
import type { Etcd, KeyValue } from '@quantivista/etcd';
import { pause } from '@quantivista/runtime';
import type { AdminToken } from '../admin-token.ts';
import { recordedValue } from '../write/conditions.ts';

export interface Difference {
  readonly key: string;
  /** Of the value in etcd; of the row where there is none. */
  readonly revision: number;
  /** The newest row of the record; `undefined` where there is none. */
  readonly row: NewestRow | undefined;
  readonly message: string;
}
export interface Compared {
  readonly checked: number;
  readonly differences: readonly Difference[];
}
/** The state that is compared. */
export interface ComparedState {
  readonly generation: string;
  readonly revision: number;
}

export interface CompareOptions {
  readonly etcd: Etcd;
  readonly audit: Pick<Audit, 'settledRevision'>;
  readonly evidence: Evidence;
  readonly adminToken: Pick<AdminToken, 'key'>;
}

const GROUPS: readonly (RecordGroup & { readonly prefix: string })[] = [
  ...ENVIRONMENTS.map(environment => ({
    kind: 'configuration' as const,
    environment,
    prefix: environmentPrefix(environment),
  })),
  ...ENVIRONMENTS.map(environment => ({
    kind: 'protection' as const,
    environment,
    prefix: recordKey(protectionPath(environment)),
  })),
  ...ENVIRONMENTS.map(environment => ({
    kind: 'secret' as const,
    environment,
    prefix: `${SECRETS_PREFIX}${environment.toLowerCase()}/`,
  })),
  { kind: 'flag', environment: '*', prefix: FLAGS_PREFIX },
  { kind: 'segment', environment: '*', prefix: SEGMENTS_PREFIX },
  { kind: 'schema', environment: '*', prefix: SCHEMAS_PREFIX },
  { kind: 'proposal', environment: '*', prefix: PROPOSALS_PREFIX },
  { kind: 'webhook', environment: '*', prefix: WEBHOOKS_PREFIX },
  { kind: 'token', environment: '*', prefix: TOKENS_PREFIX },
  { kind: 'role', environment: '*', prefix: ROLES_PREFIX },
  { kind: 'binding', environment: '*', prefix: BINDINGS_PREFIX },
];
/** Intents outstanding are given so long to be settled: longer than recovery waits. */
const SETTLE_MS = 30_000;
const REVISIONS_AT_ONCE = 500;

export const rowKey = ({ kind, environment, service_name, config_key }: NewestRow): string =>
  recordKey({
    kind,
    environment: environment as Environment,
    service: service_name,
    key: config_key,
  } as RecordPath);

/** A state of the store that the trail knows whole. @throws ServiceError `not_ready` */
export async function settledState({ etcd, audit }: CompareOptions): Promise<ComparedState> {
  const { revision, entries } = await etcd.read([GENERATION_KEY]);
  const generation = entries[0]?.value;
  if (generation === undefined) throw new ServiceError('not_ready');
  const until = Date.now() + SETTLE_MS;
  while ((await audit.settledRevision(generation, revision)) < revision) {
    if (Date.now() > until) throw new ServiceError('not_ready', { message: 'a write is in doubt for long' });
    await pause(50);
  }
  return { generation, revision };
}

/** Why a value in etcd is not what a row says; `undefined` where it is. */
function whyDifferent(entry: KeyValue, row: NewestRow): string | undefined {
  if (row.deleted) return `is there, and was deleted at revision ${row.revision}`;
  if (entry.modRevision !== row.revision) {
    return `is of revision ${entry.modRevision}, its newest row of ${row.revision}`;
  }
  let value: string;
  let version: unknown;
  try {
    const record = JSON.parse(entry.value);
    version = record.version;
    value = canonicalJson(JSON.stringify(recordedValue(row.kind, record)));
  } catch {
    return 'is not a record';
  }
  if (version !== row.version) return `is version ${version}, its newest row ${row.version}`;
  return value === canonicalJson(row.new_value) ? undefined : 'is another value than its newest row';
}

/** In pages. @throws ServiceError `compacted` where the state is no longer held: begin with another */
export async function* comparePresent(
  { etcd, evidence, adminToken }: CompareOptions,
  { generation, revision }: ComparedState,
): AsyncGenerator<Compared> {
  const generations = await evidence.generations();
  for (const group of GROUPS) {
    const listed = await etcd.list({ prefix: group.prefix, revision });
    if (listed.kind !== 'listed') throw new ServiceError('compacted');
    const left = new Map(listed.entries.map(entry => [entry.key, entry]));
    for await (const rows of evidence.newestRows(generation, group, revision)) {
      const differences: Difference[] = [];
      for (const row of rows) {
        const key = rowKey(row);
        const entry = left.get(key);
        left.delete(key);
        const message = entry
          ? whyDifferent(entry, row)
          : row.deleted
            ? undefined
            : 'is not there, and its newest row says that it is';
        if (message !== undefined) {
          differences.push({ key, revision: entry?.modRevision ?? row.revision, row, message });
        }
      }
      yield { checked: rows.length, differences };
    }
    const unaccounted = [...left.values()].filter(({ key }) => key !== adminToken.key);
    for (let from = 0; from < unaccounted.length; from += REVISIONS_AT_ONCE) {
      yield compareEarlier(
        unaccounted.slice(from, from + REVISIONS_AT_ONCE),
        await evidence.rowsOfRevisions(
          generations,
          unaccounted.slice(from, from + REVISIONS_AT_ONCE).map(({ modRevision }) => modRevision),
        ),
      );
    }
  }
}

/** Values without a row in their generation: a restored store has them from an earlier one, by a row of that. */
function compareEarlier(entries: readonly KeyValue[], rows: readonly NewestRow[]): Compared {
  const byKey = Map.groupBy(rows, rowKey);
  const differences = entries.flatMap((entry): Difference[] => {
    const candidates = byKey.get(entry.key) ?? [];
    const reasons = candidates.map(row => whyDifferent(entry, row));
    if (reasons.includes(undefined)) return [];
    const message = reasons.at(-1) ?? 'is there, and no row says who has put it';
    return [{ key: entry.key, revision: entry.modRevision, row: candidates.at(-1), message }];
  });
  return { checked: entries.length, differences };
}
