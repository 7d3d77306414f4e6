/** What the program runs on: the newest state that it could use. */
import { errorText } from './acks.ts';
import type { AppliedUpdate, Bookmark } from './follow/wire.ts';
import { createListeners } from './listeners.ts';
import { changedNames, type Entries, type State, type Values, valuesOf } from './state/state.ts';

/** The state that the program runs on: one state of the store, whole. */
export interface Applied<T> extends Bookmark {
  /** What `parse` made of the values. */
  readonly settings: T;
  readonly values: Values;
}

/** From one state to another: by one transaction, or by all that happened while no node was to be had. */
export interface Change<T> extends Applied<T> {
  /** Absent at the first one. */
  readonly previous: Applied<T> | undefined;
  /** Names of all that was added or removed, or has another value; of a secret, that it was put. */
  readonly keys: readonly string[];
  /** Who made the newest of these changes, and why; empty after a snapshot. */
  readonly updates: readonly AppliedUpdate[];
}

/** A state that `parse` did not take. */
export interface Refused extends Bookmark {
  readonly error: string;
}

export interface SettingsHolder<T> {
  /** Absent until a state could be used. */
  readonly applied: Applied<T> | undefined;
  /** Why the newest state is not used; the one from before is, until one comes that can be. */
  readonly refused: Refused | undefined;
  /** Use this state if it can be. `updates`: what led to it. */
  take(state: State, updates: readonly AppliedUpdate[]): void;
  onChange(listener: (change: Change<T>) => void): () => void;
}

/** @param parse throws where the values can't be used */
export function createSettings<T>(parse: (values: Values) => T): SettingsHolder<T> {
  const listeners = createListeners<Change<T>>();
  let applied: Applied<T> | undefined;
  /** What {@link applied} was made of. */
  let used: Entries = {};
  /** The newest ones, used or not. */
  let seen: Entries | undefined;
  let refused: Refused | undefined;

  function use(now: Applied<T>, entries: Entries, updates: readonly AppliedUpdate[]): void {
    const previous = applied;
    const keys = changedNames(used, entries);
    applied = now;
    used = entries;
    if (!previous || keys.length > 0) listeners.tell({ ...now, previous, keys, updates });
  }

  return {
    get applied() {
      return applied;
    },
    get refused() {
      return refused;
    },
    take: ({ generation, revision, entries }, updates) => {
      if (entries === seen) {
        if (applied && !refused) applied = { ...applied, generation, revision };
        return;
      }
      seen = entries;
      const values = valuesOf(entries);
      let settings: T;
      try {
        settings = parse(values);
      } catch (error) {
        refused = { generation, revision, error: errorText(error) };
        return;
      }
      refused = undefined;
      use({ generation, revision, settings, values }, entries, updates);
    },
    onChange: listeners.add,
  };
}
