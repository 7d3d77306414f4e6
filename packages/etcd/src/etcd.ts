/** The driver: what the rest of the project knows of etcd. */
import { createConnect, DEFAULT_TIMEOUT_MS, type EtcdOptions } from './connect.ts';
import { type KeyValue, readKeys, runTxn, type Txn, type TxnResult } from './kv.ts';
import { grantLease, type Lease } from './lease.ts';
import { type ListOptions, type ListResult, list } from './list.ts';
import { unavailable } from './unavailable.ts';
import { type Watch, type WatchOptions, watch } from './watch.ts';

/**
 * Every call throws ServiceError `store_unavailable` where etcd does not answer within the deadline; one that puts
 * something, `store_full` where etcd has used up its quota.
 */
export interface Etcd {
  /** Several keys at one revision (at most 128). Linearizable. */
  read(keys: readonly string[]): Promise<{ revision: number; entries: readonly (KeyValue | undefined)[] }>;
  list(options: ListOptions): Promise<ListResult>;
  /** A throw leaves open whether the transaction was carried out. */
  txn(txn: Txn): Promise<TxnResult>;
  /** Delete the keys in [from, to); answers how many there were. */
  deleteRange(from: string, to: string): Promise<number>;
  /** A lease that runs out `ttlS` seconds after it was last kept alive. */
  lease(ttlS: number): Promise<Lease>;
  /** One watch, on a connection of its own. */
  watch(options: WatchOptions): Watch;
  close(): void;
}

/** @throws Error where some of its members are to be reached by TLS and others are not */
export function createEtcd(options: EtcdOptions): Etcd {
  const connect = createConnect(options);
  const client = connect();
  return {
    read: keys => readKeys(client.kv, keys),
    list: listOptions => list(client.kv, listOptions),
    txn: txn => runTxn(client.kv, txn),
    deleteRange: async (from, to) => {
      const response = await client.kv
        .deleteRange({ key: Buffer.from(from), range_end: Buffer.from(to) })
        .catch(unavailable);
      return Number(response.deleted);
    },
    lease: ttlS => grantLease(client, ttlS, options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    watch: watchOptions => watch(connect, watchOptions),
    close: () => client.close(),
  };
}
