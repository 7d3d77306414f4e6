/**
 * What each revision of the store changed, read one after another from the first on. It splits keys and reads
 * records by itself, since it serves to judge the code that does the same in the product.
 */
import type { CommitNote, Configuration, Environment } from '@quantivista/contracts';
import type { StoreRevision, Topic } from './history.ts';

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

/** A revision that changed configurations, and who says to have made it. */
export interface Commit {
  readonly revision: number;
  readonly note: CommitNote | undefined;
  readonly changes: readonly KeyChange[];
}

const CONFIGURATION = /^\/quantivista\/([a-z]+)\/([^/]+)\/([^/]+)$/;

/** Answers `undefined` for a revision that changed no configuration. Remembers each key's newest record. */
export function createCommitReader(): (revision: StoreRevision) => Commit | undefined {
  const newest = new Map<string, KeyChange>();
  return ({ revision, changes }) => {
    const read: KeyChange[] = [];
    for (const { key: etcdKey, value } of changes) {
      const parts = CONFIGURATION.exec(etcdKey);
      if (!parts) continue;
      const past = newest.get(etcdKey);
      const now = value === undefined ? undefined : (JSON.parse(value) as Configuration);
      const change: KeyChange = {
        topic: { environment: parts[1]!.toUpperCase() as Environment, service: parts[2]! },
        key: parts[3]!,
        revision,
        before: past?.now,
        now,
        version: now?.version ?? (past?.version ?? 0) + 1,
      };
      newest.set(etcdKey, { ...change, before: undefined });
      read.push(change);
    }
    if (read.length === 0) return undefined;
    const note = changes.find(change => change.key === '/quantivista/_commit')?.value;
    return { revision, note: note === undefined ? undefined : JSON.parse(note), changes: read };
  };
}
