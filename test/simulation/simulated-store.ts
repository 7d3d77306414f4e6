/** etcd's state in memory: revisions, what each of them changed, and who watches. */
import type { KeyValue, RevisionEvents, Txn, TxnResult } from '@quantivista/etcd';

/** A watch as the store knows it. */
export interface StoreWatcher {
  send(events: RevisionEvents): void;
  /** The store goes away. */
  lost(): void;
}

export interface SimulatedStore {
  readonly revision: number;
  /** From this revision on (inclusive) states can be listed and watches begun. */
  readonly compactedTo: number;
  /** Whether the process is there at all. */
  readonly up: boolean;
  txn(txn: Txn): TxnResult;
  get(key: string): KeyValue | undefined;
  /** Every key, as of a revision that is held. */
  stateAt(revision: number): KeyValue[];
  /** What the revisions from `from` on have changed. */
  since(from: number): RevisionEvents[];
  /** When a revision was committed, in the clock's milliseconds. */
  committedAt(revision: number): number;
  compact(revision: number): void;
  readonly watchers: Set<StoreWatcher>;
  stop(): void;
  start(): void;
}

interface Committed {
  readonly at: number;
  readonly events: RevisionEvents;
}

export interface SimulatedStoreOptions {
  readonly now: () => number;
  readonly onCommitted: (events: RevisionEvents) => void;
}

export function createSimulatedStore({ now, onCommitted }: SimulatedStoreOptions): SimulatedStore {
  const watchers = new Set<StoreWatcher>();
  /** Revision 1 is the empty store; revision n + 2 stands at n. */
  const log: Committed[] = [];
  const current = new Map<string, KeyValue>();
  const listed = new Map<number, KeyValue[]>();
  let compactedTo = 1;
  let up = true;
  const revision = () => log.length + 1;

  function put(into: Map<string, KeyValue>, { revision, events }: RevisionEvents): void {
    for (const { key, value } of events) {
      const createRevision = into.get(key)?.createRevision ?? revision;
      if (value === undefined) into.delete(key);
      else into.set(key, { key, value, createRevision, modRevision: revision });
    }
  }

  function stateAt(wanted: number): KeyValue[] {
    let state = listed.get(wanted);
    if (!state) {
      const then = new Map<string, KeyValue>();
      for (const { events } of log.slice(0, wanted - 1)) put(then, events);
      state = [...then.values()];
      listed.set(wanted, state);
    }
    return state;
  }

  function txn({ compare, success, failure = [] }: Txn): TxnResult {
    const succeeded = compare.every(each => {
      const entry = current.get(each.key);
      if ('above' in each) return (entry?.modRevision ?? 0) > each.above;
      if ('below' in each) throw new Error('no one in the simulation looks at ranges');
      const { target, is } = each;
      if (target === 'value') return entry?.value === is;
      return (target === 'mod' ? (entry?.modRevision ?? 0) : (entry?.createRevision ?? 0)) === is;
    });
    const branch = succeeded ? success : failure;
    const found = branch.flatMap(each => (each.op === 'get' ? [current.get(each.key)] : []));
    const changes = branch.flatMap(each =>
      each.op === 'get' ? [] : [{ key: each.key, value: each.op === 'put' ? each.value : undefined }],
    );
    if (changes.length > 0) {
      const events = { revision: revision() + 1, events: changes };
      log.push({ at: now(), events });
      put(current, events);
      onCommitted(events);
      for (const watcher of watchers) watcher.send(events);
    }
    return { succeeded, revision: revision(), found };
  }

  return {
    get revision() {
      return revision();
    },
    get compactedTo() {
      return compactedTo;
    },
    get up() {
      return up;
    },
    watchers,
    txn,
    stateAt,
    get: key => current.get(key),
    since: from => log.slice(Math.max(0, from - 2)).map(committed => committed.events),
    committedAt: wanted => log[wanted - 2]?.at ?? 0,
    compact: to => {
      compactedTo = to;
      listed.clear();
    },
    stop: () => {
      up = false;
      for (const watcher of [...watchers]) watcher.lost();
    },
    start: () => {
      up = true;
    },
  };
}
