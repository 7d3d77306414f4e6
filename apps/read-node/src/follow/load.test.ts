import type { Change, SnapshotEntry, StreamEntry } from '@quantivista/region';
import { buildSnapshot, startSnapshot } from '@quantivista/snapshot';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assemble } from './load.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const KEYS = ['a', 'b', 'c', 'd'].map(key => `/quantivista/test/risk/${key}`);

type Step = Record<string, string | null>;
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.dictionary(fc.constantFrom(...KEYS), fc.option(fc.string()), { minKeys: 1, noNullPrototype: true }),
  { minLength: 1, maxLength: 30 },
);

/** The store's states after each step, and the stream that tells of them; revisions are 10, 20, … */
function run(all: readonly Step[]) {
  const states: Map<string, SnapshotEntry>[] = [new Map()];
  const stream: StreamEntry[] = [{ kind: 'reset', revision: 0 }];
  all.forEach((step, index) => {
    const before = states.at(-1)!;
    const now = new Map(before);
    const revision = (index + 1) * 10;
    const changes: Change[] = Object.entries(step).map(([key, value]) => {
      if (value === null) now.delete(key);
      else now.set(key, { key, value, modRevision: revision });
      return { key, value: value ?? undefined, previous: before.get(key)?.value };
    });
    states.push(now);
    stream.push({ kind: 'changes', revision, prev: index * 10, changes });
  });
  return { states, stream };
}

function scan(entries: Iterable<SnapshotEntry>) {
  const building = startSnapshot(GENERATION);
  for (const entry of entries) building.set(entry, entry.modRevision);
  return building;
}

describe('a state assembled from a scan and the stream', () => {
  test('is exactly the state of the last entry, whatever moment the scan saw of each key', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), fc.nat(), (all, moments, start) => {
        const { states, stream } = run(all);
        const from = start % states.length;
        const seen = new Map<string, SnapshotEntry>();
        for (const key of KEYS) {
          const moment = from + (moments.next().value! % (states.length - from));
          const entry = states[moment]!.get(key);
          if (entry) seen.set(key, entry);
        }
        const to = all.length * 10;
        const loaded = assemble(scan(seen.values()), from * 10, to, stream, { length: 1_000 });
        const expected = buildSnapshot(GENERATION, to, states.at(-1)!.values());
        expect(loaded?.snapshot.digest()).toBe(expected.digest());
        expect(loaded?.snapshot.revision).toBe(to);
        expect(loaded?.history.floor).toBe(0);
        expect(loaded?.history.after(0)?.map(entry => entry.revision)).toEqual(
          all.map((_, index) => (index + 1) * 10),
        );
      }),
    );
  });

  const { states, stream } = run([{ [KEYS[0]!]: '1' }, { [KEYS[0]!]: '2' }, { [KEYS[1]!]: '3' }]);
  const scanned = [...states[1]!.values()];

  test('is refused where the stream lacks a change in between', () => {
    expect(assemble(scan(scanned), 10, 30, stream.toSpliced(2, 1), { length: 100 })).toBeUndefined();
  });

  test('is refused where the stream ends before the revision wanted', () => {
    expect(assemble(scan(scanned), 10, 30, stream.slice(0, 3), { length: 100 })).toBeUndefined();
  });

  test('is refused where the state was replaced meanwhile', () => {
    const reset: StreamEntry = { kind: 'reset', revision: 25 };
    expect(assemble(scan(scanned), 10, 30, stream.toSpliced(3, 0, reset), { length: 100 })).toBeUndefined();
  });

  test('needs no stream where nothing changed', () => {
    const loaded = assemble(scan(scanned), 10, 10, [], { length: 100 });
    expect(loaded?.snapshot.revision).toBe(10);
    expect(loaded?.history.floor).toBe(10);
  });

  test('keeps no history from before a reset', () => {
    const reset: StreamEntry = { kind: 'reset', revision: 15 };
    const loaded = assemble(scan(scanned), 20, 30, stream.toSpliced(2, 0, reset), { length: 100 });
    expect(loaded?.history.floor).toBe(15);
    expect(loaded?.history.after(10)).toBeUndefined();
  });

  test('keeps history from where the stream was trimmed', () => {
    const loaded = assemble(scan(scanned), 20, 30, stream.slice(2), { length: 100 });
    expect(loaded?.history.floor).toBe(10);
  });
});
