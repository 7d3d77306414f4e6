export type { EtcdOptions } from './connect.ts';
export { createEtcd, type Etcd } from './etcd.ts';
export type { Compare, KeyValue, Operation, Txn, TxnResult } from './kv.ts';
export type { Lease } from './lease.ts';
export type { ListOptions, ListResult } from './list.ts';
export { prefixEnd } from './prefix.ts';
export { type EtcdSettings, etcdLoginVariables, etcdOptions } from './settings.ts';
export { shareWatches } from './shared-watch.ts';
export type { RevisionEvents, Watch, WatchEnd, WatchEvent, WatchOptions } from './watch.ts';
