/**
 * What became of an operation: decided by its marker, which whoever comes first puts. Either the writer's
 * transaction has put `committed` together with its changes, or `aborted` is put here, and then that
 * transaction can never succeed.
 */
import type { Outcome } from '@quantivista/audit';
import { operationKey } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';

/** @throws ServiceError `store_unavailable`: still in doubt */
export async function resolveOperation(etcd: Etcd, id: string): Promise<Outcome> {
  const key = operationKey(id);
  const { succeeded, found } = await etcd.txn({
    compare: [{ key, target: 'create', is: 0 }],
    success: [{ op: 'put', key, value: 'aborted' }],
    failure: [{ op: 'get', key }],
  });
  const marker = found[0];
  if (succeeded || marker?.value !== 'committed') return { status: 'aborted' };
  return { status: 'committed', revision: marker.modRevision };
}
