/**
 * One place a region in etcd. It is free again when the authority has taken what is there: a centre that does not
 * take is not filled with them.
 */
import type { Etcd } from '@quantivista/etcd';
import type { Bundle } from '@quantivista/region';
import type { TallySink } from './sink.ts';

export const createEtcdSlot = <B extends Bundle>(
  etcd: Pick<Etcd, 'txn'>,
  keyOf: (region: string) => string,
): TallySink<B> => ({
  deliver: async bundle => {
    const key = keyOf(bundle.region);
    const { succeeded, found } = await etcd.txn({
      compare: [{ key, target: 'create', is: 0 }],
      success: [{ op: 'put', key, value: JSON.stringify(bundle) }],
      failure: [{ op: 'get', key }],
    });
    // The one that is there may be this one: its answer was lost, or another reporter has put it.
    return succeeded || idOf(found[0]?.value) === bundle.id;
  },
});

function idOf(value: string | undefined): unknown {
  try {
    return (JSON.parse(value ?? '{}') as Partial<Bundle>).id;
  } catch {
    return undefined;
  }
}
