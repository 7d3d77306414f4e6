/**
 * From a request and the present state to one transaction. Pure: what it read is compared within the
 * transaction, so a plan made from a state that has passed can't be carried out.
 */
import type { RecordedChange } from '@quantivista/audit';
import {
  COMMIT_KEY,
  type CommitNote,
  type ConfigType,
  deletedKey,
  GENERATION_KEY,
  operationKey,
  type RecordPath,
  recordKey,
} from '@quantivista/contracts';
import type { Compare, Operation, Txn } from '@quantivista/etcd';
import type { StoredEntry } from '@quantivista/snapshot';
import { checkConditions, type Present, recordedValue } from './conditions.ts';
import type { StoredRecord, WriteRequest } from './request.ts';
import type { PlannedChange } from './rule.ts';
import { checkSize } from './size.ts';

/** The keys that a plan reads, and compares: the generation too, so that no other store takes the changes. */
export function keysOf({ changes }: Pick<WriteRequest, 'changes'>): string[] {
  const documents = new Set(changes.map(({ path }) => deletedKey(path)));
  return [GENERATION_KEY, ...changes.map(({ path }) => recordKey(path)), ...documents];
}

export interface PlanInput {
  readonly id: string;
  readonly generation: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly request: WriteRequest;
  /** Present state of every key of {@link keysOf}; absent where the key does not exist. */
  readonly held: ReadonlyMap<string, StoredEntry>;
}

export interface Plan {
  readonly id: string;
  readonly txn: Txn;
  /** In the order of the request, as all that follow. */
  readonly planned: readonly PlannedChange[];
  readonly changes: readonly RecordedChange[];
  /** The new state of each record; undefined where it is deleted. */
  readonly records: readonly (StoredRecord | undefined)[];
}

/** A service's deleted records with their last versions, as it will be after the plan. */
interface DeletedDocument {
  readonly modRevision: number;
  readonly versions: Record<string, number>;
  changed: boolean;
}

/** @throws ServiceError `conflict`, `too_large`, and what the changes themselves throw */
export function plan({ id, generation, at, request, held }: PlanInput): Plan {
  const compare: Compare[] = [
    { key: operationKey(id), target: 'create', is: 0 },
    // By value: in a store that was wiped, its mod revision is likely the same again.
    { key: GENERATION_KEY, target: 'value', is: generation },
  ];
  const success: Operation[] = [];
  const planned: PlannedChange[] = [];
  const documents = new Map<string, DeletedDocument>();
  const now = new Date(at).toISOString();

  const documentOf = (path: RecordPath): DeletedDocument => {
    const key = deletedKey(path);
    const entry = held.get(key);
    const document = documents.get(key) ?? {
      modRevision: entry?.modRevision ?? 0,
      versions: Object.assign(Object.create(null), entry && JSON.parse(entry.value)),
      changed: false,
    };
    documents.set(key, document);
    return document;
  };

  for (const change of request.changes) {
    const { path, field } = change;
    const key = recordKey(path);
    const entry = held.get(key);
    const before: Present | undefined = entry && {
      record: JSON.parse(entry.value) as StoredRecord,
      modRevision: entry.modRevision,
    };
    // First: who may not change it learns nothing of it.
    request.authorize?.(path, before?.record);
    checkConditions(change, before, generation);
    compare.push({ key, target: 'mod', is: before?.modRevision ?? 0 });

    const version = (before?.record.version ?? documentOf(path).versions[path.key] ?? 0) + 1;
    const after = change.next(before?.record, { version, now, actor: request.actor });
    if (after !== undefined) request.authorize?.(path, after);
    planned.push({ path, field, before, after, version });
    if (after === undefined) {
      const document = documentOf(path);
      document.versions[path.key] = version;
      document.changed = true;
      success.push({ op: 'delete', key });
    } else {
      success.push({ op: 'put', key, value: JSON.stringify(after) });
    }
  }

  for (const [key, document] of documents) {
    compare.push({ key, target: 'mod', is: document.modRevision });
    if (document.changed) success.push({ op: 'put', key, value: JSON.stringify(document.versions) });
  }
  const note: CommitNote = {
    id,
    updated_by: request.actor,
    reason: request.reason,
    rollback_available: request.rollbackAvailable,
    at,
    ...(request.awaited && { awaited: true }),
    ...request.mark,
  };
  success.push({ op: 'put', key: operationKey(id), value: 'committed' });
  success.push({ op: 'put', key: COMMIT_KEY, value: JSON.stringify(note) });
  const changes = planned.map((each, index) => recorded(each, request.changes[index]!.restoredVersion));
  checkSize(success, changes);
  return {
    id,
    txn: { compare, success, failure: [{ op: 'get', key: operationKey(id) }] },
    planned,
    changes,
    records: planned.map(({ after }) => after),
  };
}

function recorded(
  { path, before, after, version }: PlannedChange,
  restoredVersion: number | undefined,
): RecordedChange {
  const known = after ?? before?.record;
  return {
    kind: path.kind,
    environment: path.environment,
    service_name: path.service,
    config_key: path.key,
    version,
    deleted: after === undefined,
    old_value: recordedValue(path.kind, before?.record),
    new_value: recordedValue(path.kind, after),
    config_type: path.kind === 'configuration' ? ((known?.config_type as ConfigType) ?? null) : null,
    description: (known?.description as string | undefined) ?? '',
    ...(restoredVersion !== undefined && { restored_version: restoredVersion }),
  };
}
