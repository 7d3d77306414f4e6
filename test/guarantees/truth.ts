/**
 * The store's history, arranged for questions: what did a revision change, what was the state at it. It
 * splits keys and reads records by itself, since it judges the code that does the same in the product.
 */
import type { CommitNote, Configuration, Environment, Json } from '@quantivista/contracts';
import { type StoreRevision, type Topic, topicName } from './history.ts';

/** One key at one revision. */
export interface KeyChange {
  readonly topic: Topic;
  readonly key: string;
  readonly revision: number;
  readonly before: Configuration | undefined;
  readonly now: Configuration | undefined;
  /** The key's version, a deletion being one too. */
  readonly version: number;
}

/** What one revision changed in one service. */
export interface TopicChange {
  readonly revision: number;
  readonly keys: ReadonlyMap<string, KeyChange>;
}

/** A revision that changed configurations, and who says to have made it. */
export interface Commit {
  readonly revision: number;
  readonly note: CommitNote | undefined;
  readonly changes: readonly KeyChange[];
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

const CONFIGURATION = /^\/quantivista\/([a-z]+)\/([^/]+)\/([^/]+)$/;

export function createTruth(store: readonly StoreRevision[]): Truth {
  const byTopic = new Map<string, TopicChange[]>();
  const byKey = new Map<string, KeyChange[]>();
  const keysOf = new Map<string, Set<string>>();
  const commits: Commit[] = [];

  for (const { revision, changes } of store) {
    const ofCommit: KeyChange[] = [];
    for (const { key: etcdKey, value } of changes) {
      const parts = CONFIGURATION.exec(etcdKey);
      if (!parts) continue;
      const topic: Topic = { environment: parts[1]!.toUpperCase() as Environment, service: parts[2]! };
      const past = entry(byKey, etcdKey, () => []);
      const now = value === undefined ? undefined : (JSON.parse(value) as Configuration);
      const version = now?.version ?? (past.at(-1)?.version ?? 0) + 1;
      const change: KeyChange = { topic, key: parts[3]!, revision, before: past.at(-1)?.now, now, version };
      past.push(change);
      entry(keysOf, topicName(topic), () => new Set()).add(change.key);
      ofCommit.push(change);
    }
    if (ofCommit.length === 0) continue;
    const note = changes.find(change => change.key === '/quantivista/_commit')?.value;
    commits.push({ revision, note: note === undefined ? undefined : JSON.parse(note), changes: ofCommit });
    for (const [name, keys] of Map.groupBy(ofCommit, change => topicName(change.topic))) {
      entry(byTopic, name, () => []).push({ revision, keys: new Map(keys.map(each => [each.key, each])) });
    }
  }

  const changes = (topic: Topic) => byTopic.get(topicName(topic)) ?? [];
  const between = (topic: Topic, after: number, upTo: number) => {
    const all = changes(topic);
    return all.slice(firstAfter(all, after), firstAfter(all, upTo));
  };
  const prefix = ({ environment, service }: Topic) => `/quantivista/${environment.toLowerCase()}/${service}/`;
  const key = (topic: Topic, name: string) => byKey.get(prefix(topic) + name) ?? [];

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
function firstAfter(sorted: readonly { readonly revision: number }[], revision: number): number {
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
