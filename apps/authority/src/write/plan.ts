/**
 * From a request and the present state to one transaction. Pure: what it read is compared within the
 * transaction, so a plan made from a state that has passed can't be carried out.
 */

import type { RecordedChange } from '@quantivista/audit';
import {
  COMMIT_KEY,
  type CommitNote,
  type Configuration,
  configurationKey,
  deletedKey,
  fieldFault,
  GENERATION_KEY,
  operationKey,
  ServiceError,
} from '@quantivista/contracts';
import type { Compare, KeyValue, Operation, Txn } from '@quantivista/etcd';
import { checkConditions, type Present } from './conditions.ts';
import type { RequestedChange, WriteRequest } from './request.ts';
import { checkSize } from './size.ts';

/** The keys that a plan reads, and compares: the generation too, so that no other store takes the changes. */
export function keysOf(request: WriteRequest): string[] {
  const documents = new Set(request.changes.map(({ path }) => deletedKey(path.environment, path.service)));
  return [GENERATION_KEY, ...request.changes.map(({ path }) => configurationKey(path)), ...documents];
}

export interface PlanInput {
  readonly id: string;
  readonly generation: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly request: WriteRequest;
  /** Present state of every key of {@link keysOf}; absent where the key does not exist. */
  readonly held: ReadonlyMap<string, KeyValue>;
}

export interface Plan {
  readonly id: string;
  readonly txn: Txn;
  /** In the order of the request. */
  readonly changes: readonly RecordedChange[];
  /** The new state of each key; undefined where it is deleted. */
  readonly configurations: readonly (Configuration | undefined)[];
}

/** A service's deleted keys with their last versions, as it will be after the plan. */
interface DeletedDocument {
  readonly modRevision: number;
  readonly versions: Record<string, number>;
  changed: boolean;
}

/** @throws ServiceError `conflict`, `type_conflict`, `configuration_not_found`, `invalid_request`, `too_large` */
export function plan({ id, generation, at, request, held }: PlanInput): Plan {
  const compare: Compare[] = [
    { key: operationKey(id), target: 'create', is: 0 },
    // By value: in a store that was wiped, its mod revision is likely the same again.
    { key: GENERATION_KEY, target: 'value', is: generation },
  ];
  const success: Operation[] = [];
  const changes: RecordedChange[] = [];
  const configurations: (Configuration | undefined)[] = [];
  const documents = new Map<string, DeletedDocument>();

  const documentOf = ({ path }: RequestedChange): DeletedDocument => {
    const key = deletedKey(path.environment, path.service);
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
    const key = configurationKey(change.path);
    const entry = held.get(key);
    const present: Present | undefined = entry && {
      configuration: JSON.parse(entry.value) as Configuration,
      modRevision: entry.modRevision,
    };
    checkConditions(change, present, generation);
    compare.push({ key, target: 'mod', is: present?.modRevision ?? 0 });

    const before = present?.configuration;
    const lastVersion = before?.version ?? documentOf(change).versions[change.path.key] ?? 0;
    const version = lastVersion + 1;
    if (change.op === 'delete') {
      if (!before) throw new ServiceError('configuration_not_found');
      const document = documentOf(change);
      document.versions[change.path.key] = version;
      document.changed = true;
      success.push({ op: 'delete', key });
      configurations.push(undefined);
      changes.push({ ...recorded(change, before), version, deleted: true, new_value: null });
      continue;
    }
    const configuration = nextConfiguration(change, before, version, at, request.actor);
    success.push({ op: 'put', key, value: JSON.stringify(configuration) });
    configurations.push(configuration);
    changes.push({
      ...recorded(change, before),
      version,
      deleted: false,
      new_value: configuration.config_value,
      config_type: configuration.config_type,
      description: configuration.description,
    });
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
  };
  success.push({ op: 'put', key: operationKey(id), value: 'committed' });
  success.push({ op: 'put', key: COMMIT_KEY, value: JSON.stringify(note) });
  checkSize(success, changes);
  return {
    id,
    txn: { compare, success, failure: [{ op: 'get', key: operationKey(id) }] },
    changes,
    configurations,
  };
}

const recorded = ({ path }: RequestedChange, before: Configuration | undefined) => ({
  environment: path.environment,
  service_name: path.service,
  config_key: path.key,
  old_value: before?.config_value ?? null,
  config_type: before?.config_type ?? ('APPLICATION_CONFIG' as const),
  description: before?.description ?? '',
});

function nextConfiguration(
  change: RequestedChange & { op: 'set' },
  before: Configuration | undefined,
  version: number,
  at: number,
  actor: string,
): Configuration {
  const type = change.configType ?? before?.config_type ?? 'APPLICATION_CONFIG';
  if (before && type !== before.config_type) {
    throw new ServiceError('type_conflict', {
      message: `the key is of type ${before.config_type}`,
      details: { config_key: change.path.key, current: before },
    });
  }
  if (type === 'ENVIRONMENT_VARIABLE' && typeof change.value !== 'string') {
    throw fieldFault(`${change.field}.new_value`, 'an ENVIRONMENT_VARIABLE is a string');
  }
  const now = new Date(at).toISOString();
  return {
    config_key: change.path.key,
    config_value: change.value,
    config_type: type,
    environment: change.path.environment,
    service_name: change.path.service,
    description: change.description ?? before?.description ?? '',
    is_encrypted: false,
    version,
    created_at: before?.created_at ?? now,
    updated_at: now,
    updated_by: actor,
  };
}
