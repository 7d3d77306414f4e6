/**
 * What became of an operation: decided by its marker, which whoever comes first puts. Either the writer's
 * transaction has put `committed` together with its changes, or `aborted` is put here, and then that
 * transaction can never succeed.
 */
import type { Intent, Outcome } from '@quantivista/audit';
import { GENERATION_KEY, operationKey, ServiceError } from '@quantivista/contracts';
import type { Etcd, KeyValue } from '@quantivista/etcd';

/** What a marker says that was found in place of one's own. */
export const markedOutcome = ({ value, modRevision }: KeyValue): Outcome =>
  value === 'committed' ? { status: 'committed', revision: modRevision } : { status: 'aborted' };

/**
 * `unknown` where the store is no longer the one that the operation was meant for: its markers are gone.
 * @throws ServiceError `store_unavailable`, `not_ready`: still in doubt
 */
export async function resolveOperation(
  etcd: Etcd,
  { id, generation }: Pick<Intent, 'id' | 'generation'>,
): Promise<Outcome> {
  const key = operationKey(id);
  // The generation is read in the same transaction: a store may be replaced at any time.
  const { succeeded, found } = await etcd.txn({
    compare: [{ key, target: 'create', is: 0 }],
    success: [
      { op: 'get', key: GENERATION_KEY },
      { op: 'put', key, value: 'aborted' },
    ],
    failure: [
      { op: 'get', key: GENERATION_KEY },
      { op: 'get', key },
    ],
  });
  const [present, marker] = found;
  if (present === undefined) throw new ServiceError('not_ready');
  if (present.value !== generation) return { status: 'unknown' };
  return succeeded || marker === undefined ? { status: 'aborted' } : markedOutcome(marker);
}
