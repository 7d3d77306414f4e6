/** Keys, values and transactions, as strings and numbers. */
import type { ICompare, IKeyValue, IRequestOp, KVClient } from 'etcd3';
import { prefixEnd } from './prefix.ts';
import { unavailable } from './unavailable.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
}

export type Compare =
  /** Holds where the key's create or mod revision is `is`; 0 means that the key does not exist. */
  | { readonly key: string; readonly target: 'create' | 'mod'; readonly is: number }
  /** Holds where the key was last changed after revision `above`. */
  | { readonly key: string; readonly target: 'mod'; readonly above: number }
  /** Holds where no key that begins with `key` was put at revision `below` or later; deletion is not seen. */
  | { readonly key: string; readonly target: 'mod'; readonly prefix: true; readonly below: number }
  /** Holds where the key exists with this value. */
  | { readonly key: string; readonly target: 'value'; readonly is: string };

export type Operation =
  /** With a `lease` the key goes when that does, unless it is put again under another. */
  | { readonly op: 'put'; readonly key: string; readonly value: string; readonly lease?: string }
  | { readonly op: 'delete'; readonly key: string }
  | { readonly op: 'get'; readonly key: string };

export interface Txn {
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure?: readonly Operation[];
}

export interface TxnResult {
  readonly succeeded: boolean;
  /** The store's revision after the transaction: that of its changes, where it made any. */
  readonly revision: number;
  /** What the `get` operations of the branch that ran have found, in their order. */
  readonly found: readonly (KeyValue | undefined)[];
}

export const fromWire = (kv: IKeyValue): KeyValue => ({
  key: kv.key.toString(),
  value: kv.value.toString(),
  createRevision: Number(kv.create_revision),
  modRevision: Number(kv.mod_revision),
});

function compareToWire(compare: Compare): ICompare {
  const key = Buffer.from(compare.key);
  if ('above' in compare)
    return { key, result: 'Greater', target: 'Mod', mod_revision: String(compare.above) };
  if ('below' in compare) {
    const range_end = Buffer.from(prefixEnd(compare.key));
    return { key, range_end, result: 'Less', target: 'Mod', mod_revision: String(compare.below) };
  }
  const { target, is } = compare;
  if (target === 'value') return { key, result: 'Equal', target: 'Value', value: Buffer.from(is) };
  return target === 'create'
    ? { key, result: 'Equal', target: 'Create', create_revision: String(is) }
    : { key, result: 'Equal', target: 'Mod', mod_revision: String(is) };
}

function operationToWire(operation: Operation): IRequestOp {
  const key = Buffer.from(operation.key);
  if (operation.op === 'put') {
    const { value, lease } = operation;
    return { request_put: { key, value: Buffer.from(value), ...(lease !== undefined && { lease }) } };
  }
  return operation.op === 'delete' ? { request_delete_range: { key } } : { request_range: { key } };
}

/**
 * Run a transaction. A throw does not tell whether it was carried out: the answer may be all that was
 * lost. Whoever must know puts a marker key into it and reads that.
 * @throws ServiceError `store_unavailable`; `store_full`, which etcd also answers of one that it has carried out:
 * while it does, it looks once more whether there was room
 */
export async function runTxn(kv: KVClient, txn: Txn): Promise<TxnResult> {
  const response = await kv
    .txn({
      compare: txn.compare.map(compareToWire),
      success: txn.success.map(operationToWire),
      failure: (txn.failure ?? []).map(operationToWire),
    })
    .catch(unavailable);
  const branch = response.succeeded ? txn.success : (txn.failure ?? []);
  const found = branch.flatMap((operation, index) => {
    if (operation.op !== 'get') return [];
    const entry = response.responses[index]?.response_range.kvs[0];
    return [entry && fromWire(entry)];
  });
  return { succeeded: response.succeeded, revision: Number(response.header.revision), found };
}

/** Several keys as they are at one revision. Linearizable. */
export async function readKeys(
  kv: KVClient,
  keys: readonly string[],
): Promise<{ revision: number; entries: readonly (KeyValue | undefined)[] }> {
  const { revision, found } = await runTxn(kv, {
    compare: [],
    success: keys.map(key => ({ op: 'get', key })),
  });
  return { revision, entries: found };
}
