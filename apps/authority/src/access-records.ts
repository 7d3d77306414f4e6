/** Roles and bindings as they are stored, by name. */
import {
  BINDINGS_PREFIX,
  type Binding,
  entityTag,
  GENERATION_KEY,
  type RecordPath,
  ROLES_PREFIX,
  type Role,
  recordKey,
  ServiceError,
} from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';

async function list<T>(etcd: Pick<Etcd, 'list'>, prefix: string): Promise<T[]> {
  const listed = await etcd.list({ prefix });
  if (listed.kind !== 'listed') throw new ServiceError('not_ready');
  return listed.entries.map(({ value }) => JSON.parse(value) as T);
}
export const listRoles = (etcd: Pick<Etcd, 'list'>): Promise<Role[]> => list(etcd, ROLES_PREFIX);
export const listBindings = (etcd: Pick<Etcd, 'list'>): Promise<Binding[]> => list(etcd, BINDINGS_PREFIX);

/** One record with its entity tag. @throws ServiceError `not_found` */
export async function readRecord<T>(etcd: Etcd, path: RecordPath) {
  const { revision, entries } = await etcd.read([GENERATION_KEY, recordKey(path)]);
  const [generation, entry] = entries;
  if (generation === undefined) throw new ServiceError('not_ready');
  if (entry === undefined)
    throw new ServiceError('not_found', { message: `there is no ${path.kind} ${path.key}` });
  const tag = entityTag(generation.value, entry.modRevision);
  return { record: JSON.parse(entry.value) as T, generation: generation.value, revision, tag };
}
