/** What a client knows of its topic, and how frames change it. Pure: the states themselves never change. */
import {
  type Bookmark,
  type Frame,
  type Json,
  type SnapshotFrame,
  type UpdateFrame,
  whyWithheld,
} from '../follow/wire.ts';

export interface Entry {
  readonly value: Json;
  readonly version: number;
}
export type Entries = Readonly<Record<string, Entry>>;

/** The topic as it was at a revision: whole, and of no other. */
export interface State extends Bookmark {
  readonly entries: Entries;
}

/** Why a frame can't follow: the node that sent it is left. */
export type Misfit = 'went_back' | 'another_generation';

/** Names are anything: `constructor` is a key like any other. */
const record = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

/** A state as it was kept in JSON. */
export function revive({ generation, revision, entries }: State): State {
  const revived = record<Entry>();
  for (const [name, { value, version }] of Object.entries(entries))
    revived[name] = { value: frozen(value), version };
  return { generation, revision, entries: revived };
}

/** @returns the state after the frame; the same one where the frame says nothing new */
export function follow(state: State | undefined, frame: Frame): State | Misfit {
  if (frame.type === 'snapshot') return begin(state, frame);
  // What follows a reset is a snapshot.
  if (frame.type === 'reset') return state ?? 'another_generation';
  if (frame.generation !== state?.generation) return 'another_generation';
  if (frame.revision < state.revision) return 'went_back';
  if (frame.revision === state.revision) return state;
  return {
    generation: frame.generation,
    revision: frame.revision,
    entries: frame.type === 'update' ? changed(state.entries, frame) : state.entries,
  };
}

function begin(state: State | undefined, { generation, revision, configurations }: SnapshotFrame) {
  const same = state?.generation === generation;
  if (same && revision < state.revision) return 'went_back';
  const entries = record<Entry>();
  for (const [name, { config_value, version }] of Object.entries(configurations))
    entries[name] = kept(state?.entries[name], config_value, version);
  return { generation, revision, entries };
}

function changed(before: Entries, { updates }: UpdateFrame): Entries {
  const entries = Object.assign(record<Entry>(), before);
  for (const { service_name, config_key, deleted, new_value, version } of updates) {
    const name = service_name === undefined ? config_key : `${service_name}/${config_key}`;
    if (deleted) delete entries[name];
    else entries[name] = kept(entries[name], new_value, version);
  }
  return entries;
}

/** The entry from before where it says the same: most are told apart by being others. */
function kept(before: Entry | undefined, value: Json, version: number): Entry {
  return before?.version === version && isEqual(before.value, value)
    ? before
    : { value: frozen(value), version };
}

const isEqual = (a: Json, b: Json): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** Readers share it. */
function frozen(value: Json): Json {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}

/**
 * A value that was put again is no other one, and so is one that was put back. Of secrets nobody can tell: the same
 * stands in the place of each.
 */
const isSame = (before: Entry | undefined, after: Entry): boolean =>
  before === after ||
  (before !== undefined && isEqual(before.value, after.value) && whyWithheld(after.value) === undefined);

/** Names of the entries that were added or removed, or have another value. */
export function changedNames(before: Entries, after: Entries): string[] {
  const changed = Object.keys(after).filter(
    name => !isSame(Object.hasOwn(before, name) ? before[name] : undefined, after[name]!),
  );
  const removed = Object.keys(before).filter(name => !Object.hasOwn(after, name));
  return [...changed, ...removed];
}

export type Values = Readonly<Record<string, Json>>;

/** The values alone, by name. */
export function valuesOf(entries: Entries): Values {
  const values = record<Json>();
  for (const name in entries) values[name] = entries[name]!.value;
  return Object.freeze(values);
}
