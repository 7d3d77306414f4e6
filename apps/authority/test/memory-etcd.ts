/** etcd in memory, as far as the authority uses it: for tests that need a certain thing to go wrong. */
import type { Compare, Etcd, KeyValue, Txn, TxnResult } from '@quantivista/etcd';

export interface MemoryEtcd {
  readonly etcd: Etcd;
  entries: Map<string, KeyValue>;
  revision: number;
  /** Everything goes through here: carry it out or not, before or after, answer or throw. */
  intercept: (txn: Txn, carryOut: () => TxnResult) => TxnResult | Promise<TxnResult>;
  value(key: string): string | undefined;
  put(key: string, value: string): void;
  /** What was carried out is undone by calling the function returned. */
  backup(): () => void;
}

export function createMemoryEtcd(): MemoryEtcd {
  const holds = (compare: Compare) => {
    const entry = store.entries.get(compare.key);
    if ('above' in compare) return (entry?.modRevision ?? 0) > compare.above;
    if ('below' in compare)
      return [...store.entries.values()].every(
        ({ key, modRevision }) => !key.startsWith(compare.key) || modRevision < compare.below,
      );
    const { target, is } = compare;
    if (target === 'value') return entry?.value === is;
    return (target === 'mod' ? (entry?.modRevision ?? 0) : (entry?.createRevision ?? 0)) === is;
  };

  function carryOut({ compare, success, failure = [] }: Txn): TxnResult {
    const succeeded = compare.every(holds);
    const branch = succeeded ? success : failure;
    if (branch.some(({ op }) => op !== 'get')) store.revision++;
    const found = branch.flatMap(operation => {
      const { key } = operation;
      if (operation.op === 'get') return [store.entries.get(key)];
      const createRevision = store.entries.get(key)?.createRevision ?? store.revision;
      if (operation.op === 'delete') store.entries.delete(key);
      else
        store.entries.set(key, { key, value: operation.value, createRevision, modRevision: store.revision });
      return [];
    });
    return { succeeded, revision: store.revision, found };
  }
  const run = async (txn: Txn): Promise<TxnResult> => store.intercept(txn, () => carryOut(txn));
  const within = (from: string, to: string) =>
    [...store.entries.values()].filter(({ key }) => key >= from && key < to);

  const store: MemoryEtcd = {
    entries: new Map(),
    revision: 1,
    intercept: (_, carryOut) => carryOut(),
    value: key => store.entries.get(key)?.value,
    put: (key, value) => void carryOut({ compare: [], success: [{ op: 'put', key, value }] }),
    backup: () => {
      const [entries, revision] = [new Map(store.entries), store.revision];
      return () => Object.assign(store, { entries: new Map(entries), revision });
    },
    etcd: {
      read: async keys => {
        const gets = keys.map(key => ({ op: 'get', key }) as const);
        const { revision, found } = await run({ compare: [], success: gets });
        return { revision, entries: found };
      },
      txn: run,
      list: async ({ prefix }) => ({
        kind: 'listed',
        revision: store.revision,
        entries: within(prefix, `${prefix}\u{ffff}`),
      }),
      deleteRange: async (from, to) => {
        const gone = within(from, to);
        for (const { key } of gone) store.entries.delete(key);
        return gone.length;
      },
      lease: () => {
        throw new Error('there are no leases here');
      },
      watch: () => {
        throw new Error('there is no watch here');
      },
      close: () => {},
    },
  };
  return store;
}
