/** The store's history, arranged for questions: what did a revision change, what was the state at it. */
import type { Configuration, Json } from '@quantivista/contracts';
import { type Commit, createCommitReader, type KeyChange } from './commits.ts';
import { type StoreRevision, type Topic, topicName } from './history.ts';

/** What one revision changed in one service. */
export interface TopicChange {
  readonly revision: number;
  readonly keys: ReadonlyMap<string, KeyChange>;
}

export interface Truth {
  /** The newest revision of all. */
  readonly last: number;
  readonly commits: readonly Commit[];
  /** The service's changes, oldest first. */
  changes(topic: Topic): readonly TopicChange[];
  /** The service's changes in (after, upTo]. */
  between(topic: Topic, after: number, upTo: number): readonly TopicChange[];
  /** What the revision changed in the service; `undefined` where it did not touch it. */
  change(topic: Topic, revision: number): TopicChange | undefined;
  /** All changes of a key, oldest first. */
  key(topic: Topic, key: string): readonly KeyChange[];
  /** The service's records at a revision. */
  records(topic: Topic, revision: number): Record<string, Configuration>;
  /** The service's values at a revision. */
  values(topic: Topic, revision: number): Record<string, Json>;
}

export function createTruth(store: readonly StoreRevision[]): Truth {
  const byTopic = new Map<string, TopicChange[]>();
  const byKey = new Map<string, KeyChange[]>();
  const keysOf = new Map<string, Set<string>>();
  const commits = store.map(createCommitReader()).filter(commit => commit !== undefined);

  for (const { revision, changes } of commits) {
    for (const change of changes) {
      const name = topicName(change.topic);
      entry(byKey, `${name}/${change.key}`, () => []).push(change);
      entry(keysOf, name, () => new Set()).add(change.key);
    }
    for (const [name, keys] of Map.groupBy(changes, change => topicName(change.topic))) {
      entry(byTopic, name, () => []).push({ revision, keys: new Map(keys.map(each => [each.key, each])) });
    }
  }

  const changes = (topic: Topic) => byTopic.get(topicName(topic)) ?? [];
  const between = (topic: Topic, after: number, upTo: number) => {
    const all = changes(topic);
    return all.slice(firstAfter(all, after), firstAfter(all, upTo));
  };
  const key = (topic: Topic, name: string) => byKey.get(`${topicName(topic)}/${name}`) ?? [];

  const records = (topic: Topic, revision: number) => {
    const state: Record<string, Configuration> = {};
    for (const name of keysOf.get(topicName(topic)) ?? []) {
      const past = key(topic, name);
      const now = past[firstAfter(past, revision) - 1]?.now;
      if (now) state[name] = now;
    }
    return state;
  };

  return {
    last: store.at(-1)?.revision ?? 0,
    commits,
    changes,
    between,
    change: (topic, revision) => between(topic, revision - 1, revision)[0],
    key,
    records,
    values: (topic, revision) =>
      Object.fromEntries(
        Object.entries(records(topic, revision)).map(([name, record]) => [name, record.config_value]),
      ),
  };
}

/** Index of the first element with a greater revision. */
export function firstAfter(sorted: readonly { readonly revision: number }[], revision: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const present = map.get(key) ?? make();
  map.set(key, present);
  return present;
}
