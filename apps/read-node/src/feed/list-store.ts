/** The store's whole state, from etcd. */
import { DISTRIBUTED_PREFIX, GENERATION_KEY } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { StoreState } from './repair.ts';

/** The whole distributed state, as of now; `undefined` where the store has no generation yet. */
export async function listStore(etcd: Etcd): Promise<StoreState | undefined> {
  const listed = await etcd.list({ prefix: DISTRIBUTED_PREFIX });
  if (listed.kind !== 'listed') return undefined;
  const generation = listed.entries.find(entry => entry.key === GENERATION_KEY)?.value;
  return generation === undefined ? undefined : { ...listed, generation };
}
