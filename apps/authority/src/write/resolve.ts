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
  return outcomeOf(generation, present, succeeded ? undefined : marker);
}

/**
 * The same where nothing of the operation is under way any more: nobody needs to be kept from it, so that a store
 * without room for a marker can tell.
 * @throws ServiceError `store_unavailable`, `not_ready`: still in doubt
 */
export async function lookUpOperation(
  etcd: Etcd,
  { id, generation }: Pick<Intent, 'id' | 'generation'>,
): Promise<Outcome> {
  const [present, marker] = (await etcd.read([GENERATION_KEY, operationKey(id)])).entries;
  return outcomeOf(generation, present, marker);
}

function outcomeOf(generation: string, present: KeyValue | undefined, marker: KeyValue | undefined): Outcome {
  if (present === undefined) throw new ServiceError('not_ready');
  if (present.value !== generation) return { status: 'unknown' };
  return marker === undefined ? { status: 'aborted' } : markedOutcome(marker);
}
