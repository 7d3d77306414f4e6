/** A replica with a random past, as a follower would have brought it. */
import { COMMIT_KEY, configurationKey, HEARTBEAT_KEY } from '@quantivista/contracts';
import { buildSnapshot, createSnapshot, type StoredEntry } from '@quantivista/snapshot';
import fc from 'fast-check';
import { createHistory } from '../src/follow/history.ts';
import { createReplica, type Replica } from '../src/follow/replica.ts';

export const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';

/** What one revision does: a heartbeat, nothing, or puts (a number) and deletions (null) of `{environment}/{key}`. */
export type Step = 'beat' | 'nothing' | Readonly<Record<string, number | null>>;

const path = fc.constantFrom('TEST/a', 'TEST/b', 'PRODUCTION/a', 'PRODUCTION/b', 'STAGING/a');
const changes = fc.dictionary(path, fc.option(fc.nat(9)), { minKeys: 1, maxKeys: 3 });
export const steps = fc.array(
  fc.oneof({ weight: 3, arbitrary: changes }, fc.constantFrom('beat', 'nothing')),
  {
    maxLength: 60,
  },
);

const keyOf = (name: string): string => {
  const [environment, key] = name.split('/') as ['TEST', string];
  return configurationKey({ environment, service: 'risk', key });
};

export interface Past {
  readonly replica: Replica;
  /** Revisions rise by two: others are of keys that are not distributed. */
  play(step: Step): void;
  /** A fresh copy of every key as it is now. */
  entries(): StoredEntry[];
}

export function createPast(historyLength = 1_000): Past {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  replica.replace({
    snapshot: createSnapshot(GENERATION),
    history: createHistory(0, { length: historyLength }),
  });
  const { snapshot } = replica.current!;
  const change = (key: string, value: string | undefined) => {
    const before = snapshot.stored(key);
    return { key, value, previous: before?.value, previousRevision: before?.modRevision };
  };
  return {
    replica,
    play: step => {
      const revision = snapshot.revision + 2;
      if (step === 'nothing') return replica.apply({ revision, changes: [] });
      if (step === 'beat') {
        const beat = JSON.stringify({ sequence: revision, at: revision });
        return replica.apply({ revision, changes: [change(HEARTBEAT_KEY, beat)] });
      }
      const made = Object.entries(step).map(([name, value]) =>
        change(keyOf(name), value === null ? undefined : JSON.stringify({ config_value: value })),
      );
      replica.apply({ revision, changes: [...made, change(COMMIT_KEY, `note ${revision}`)] });
    },
    entries: () => [...snapshot.entries()],
  };
}

/** The same entries in the same order, whatever order they came in. */
export const sorted = (entries: Iterable<StoredEntry>): StoredEntry[] =>
  [...entries].sort((a, b) => (a.key < b.key ? -1 : 1));

export const digestOf = (entries: Iterable<StoredEntry>): string =>
  buildSnapshot(GENERATION, 0, entries).digest();
