/**
 * The store's history as it is being made, kept only as far back as somebody still needs it. What came before
 * is folded into one state a service.
 */
import type { CommitNote, Configuration } from '@quantivista/contracts';
import { type Commit, createCommitReader, type KeyChange } from '../commits.ts';
import { type StoreRevision, type Topic, topicName } from '../history.ts';
import { firstAfter } from '../truth.ts';

/** What one revision changed in one service, and who says to have done it. */
export interface LiveChange {
  readonly revision: number;
  readonly note: CommitNote | undefined;
  readonly keys: ReadonlyMap<string, KeyChange>;
}

export type Records = ReadonlyMap<string, Configuration>;

export interface LiveTruth {
  /** The store's newest revision that is known here: up to it, nothing is missing. */
  readonly reached: number;
  /** Of the store; `undefined` before its first revision. */
  readonly generation: string | undefined;
  /** Changes held, of all services. */
  readonly held: number;
  /** The store's next revision; answers what it changed of the configurations, if anything. */
  add(revision: StoreRevision): Commit | undefined;
  /** Whether what the revision changed in the service is still kept. */
  holds(topic: Topic, revision: number): boolean;
  /** The service's changes in (after, upTo]. */
  between(topic: Topic, after: number, upTo: number): readonly LiveChange[];
  /** The service's records at a revision; `undefined` where that is further back than is kept. */
  records(topic: Topic, revision: number): Records | undefined;
  /** The service is not asked about revisions before `revision` any more. */
  forget(topic: Topic, revision: number): void;
}

interface Service {
  /** Up to here changes are in `base` alone. */
  floor: number;
  readonly base: Map<string, Configuration>;
  changes: LiveChange[];
}

const GENERATION_KEY = '/quantivista/_generation';

export function createLiveTruth(): LiveTruth {
  const services = new Map<string, Service>();
  const read = createCommitReader();
  let reached = 0;
  let generation: string | undefined;

  const service = (topic: Topic): Service => {
    const name = topicName(topic);
    const found = services.get(name) ?? { floor: 0, base: new Map(), changes: [] };
    services.set(name, found);
    return found;
  };
  const between = (topic: Topic, after: number, upTo: number) => {
    const { changes } = service(topic);
    return changes.slice(firstAfter(changes, after), firstAfter(changes, upTo));
  };

  return {
    get reached() {
      return reached;
    },
    get generation() {
      return generation;
    },
    get held() {
      return services.values().reduce((sum, { changes }) => sum + changes.length, 0);
    },
    add: stored => {
      const commit = read(stored);
      generation ??= stored.changes.find(change => change.key === GENERATION_KEY)?.value;
      reached = stored.revision;
      if (!commit) return undefined;
      const { revision, note } = commit;
      for (const keys of Map.groupBy(commit.changes, change => topicName(change.topic)).values()) {
        const byKey = new Map(keys.map(change => [change.key, change]));
        service(keys[0]!.topic).changes.push({ revision, note, keys: byKey });
      }
      return commit;
    },
    holds: (topic, revision) => revision > service(topic).floor,
    between,
    records: (topic, revision) => {
      const { floor, base } = service(topic);
      if (revision < floor) return undefined;
      const records = new Map(base);
      for (const change of between(topic, floor, revision)) fold(records, change);
      return records;
    },
    forget: (topic, revision) => {
      const of = service(topic);
      const gone = firstAfter(of.changes, revision);
      for (const change of of.changes.slice(0, gone)) fold(of.base, change);
      of.changes = of.changes.slice(gone);
      of.floor = Math.max(of.floor, revision);
    },
  };
}

function fold(records: Map<string, Configuration>, { keys }: LiveChange): void {
  for (const { key, now } of keys.values()) {
    if (now) records.set(key, now);
    else records.delete(key);
  }
}
