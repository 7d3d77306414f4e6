/**
 * The flags of the state that the node holds, compiled: made when they are first asked for after one has changed,
 * and shared by all that serves them. What did not change is not parsed or compiled again.
 */
import { FLAGS_PREFIX, SEGMENTS_PREFIX } from '@quantivista/contracts';
import { createFlagReader, type FlagSet, isForService, isListed } from '@quantivista/flags';
import { type RecordList, recordList, type Snapshot, type StoredEntry } from '@quantivista/snapshot';
import type { Replica } from '../../follow/replica.ts';

export interface FlagsOfState {
  readonly set: FlagSet;
  /** The revision in which a flag or segment was last seen to change, or the state was loaded. */
  readonly revision: number;
  /** The flags that are for a service, prepared. */
  listFor(service: string, archived: boolean): RecordList;
}

export interface HeldFlags {
  /** `undefined` until a state is held. */
  readonly current: FlagsOfState | undefined;
  /** `changed` is called after a flag or segment has changed, or the state was replaced. */
  listen(changed: () => void): void;
}

/** Anyone may ask for services by any name: so many lists are remembered. */
const LISTS = 1_000;

const isOfFlags = (key: string): boolean => key.startsWith(FLAGS_PREFIX) || key.startsWith(SEGMENTS_PREFIX);
const named = (entries: readonly StoredEntry[], prefix: string): [name: string, text: string][] =>
  entries.map(({ key, value }) => [key.slice(prefix.length), value]);

export function createHeldFlags(replica: Replica): HeldFlags {
  const reader = createFlagReader();
  const listeners: (() => void)[] = [];
  let current: FlagsOfState | undefined;
  const changed = () => {
    current = undefined;
    for (const listener of listeners) listener();
  };
  replica.listen({
    applied: ({ changes }) => {
      if (changes.some(({ key }) => isOfFlags(key))) changed();
    },
    replaced: changed,
  });

  function make(snapshot: Snapshot): FlagsOfState {
    const { generation, revision } = snapshot;
    const flags = snapshot.others(FLAGS_PREFIX);
    const segments = snapshot.others(SEGMENTS_PREFIX);
    const set = reader.read(named(flags, FLAGS_PREFIX), named(segments, SEGMENTS_PREFIX));
    const lists = new Map<string, RecordList>();
    const listOf = (service: string, archived: boolean) => {
      const listed = flags.filter(({ key }) => {
        const flag = set.flags.get(key.slice(FLAGS_PREFIX.length))?.flag;
        return flag && isForService(flag, service) && isListed(flag, archived);
      });
      return recordList(listed, generation);
    };
    return {
      set,
      revision,
      listFor: (service, archived) => {
        const name = `${archived} ${service}`;
        const list = lists.get(name) ?? listOf(service, archived);
        if (lists.size >= LISTS) lists.clear();
        lists.set(name, list);
        return list;
      },
    };
  }

  return {
    get current() {
      const snapshot = replica.current?.snapshot;
      if (snapshot) current ??= make(snapshot);
      return current;
    },
    listen: listener => void listeners.push(listener),
  };
}
