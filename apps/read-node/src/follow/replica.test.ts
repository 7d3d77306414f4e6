import { configurationKey, HEARTBEAT_KEY } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { beforeEach, describe, expect, test } from 'vitest';
import { createHistory } from './history.ts';
import { createReplica, type Loaded, type Replica } from './replica.ts';

const FIRST = '11111111-1111-4111-8111-111111111111';
const SECOND = '22222222-2222-4222-8222-222222222222';
const beat = (at: number) => JSON.stringify({ sequence: 1, at });
const heartbeat = (revision: number, at: number) => ({
  revision,
  changes: [{ key: HEARTBEAT_KEY, value: beat(at), previous: undefined }],
});
const loaded = (generation: string, revision: number, beatAt?: number): Loaded => ({
  snapshot: buildSnapshot(
    generation,
    revision,
    beatAt === undefined ? [] : [{ key: HEARTBEAT_KEY, value: beat(beatAt), modRevision: revision }],
  ),
  history: createHistory(revision, { length: 10 }),
});
const change = (revision: number) => ({
  revision,
  changes: [
    {
      key: configurationKey({ environment: 'TEST', service: 'risk', key: 'a' }),
      value: '{}',
      previous: undefined,
    },
  ],
});

let now: number;
let ticks: number;
let replica: Replica;
beforeEach(() => {
  now = 10_000;
  ticks = 0;
  replica = createReplica({ agingMs: 5_000, staleMs: 30_000, now: () => now, monotonic: () => ticks });
});

describe('never back within a generation (I3)', () => {
  test('an older whole state is not taken', () => {
    replica.replace(loaded(FIRST, 10));
    replica.replace(loaded(FIRST, 9));
    expect(replica.current!.snapshot.revision).toBe(10);
  });

  test('another generation is, whatever its revision', () => {
    replica.replace(loaded(FIRST, 10));
    replica.replace(loaded(SECOND, 2));
    expect(replica.current!.snapshot).toMatchObject({ generation: SECOND, revision: 2 });
  });

  test('except from a state at a revision that the store has not reached', () => {
    const told: string[] = [];
    replica.listen({ applied: () => {}, replaced: (_, now, why) => told.push(`${now.revision} ${why}`) });
    replica.replace(loaded(FIRST, 1_000));
    replica.replace(loaded(FIRST, 10), 'drifted');
    replica.replace(loaded(FIRST, 11), 'ahead');
    replica.replace(loaded(FIRST, 12), 'drifted');
    replica.replace(loaded(FIRST, 13));
    replica.replace(loaded(SECOND, 2), 'drifted');
    expect(told).toEqual([
      '1000 generation_changed',
      '11 drift',
      '12 drift',
      '13 compacted',
      '2 generation_changed',
    ]);
  });
});

describe('age (I5)', () => {
  test('is unknown without a heartbeat, and counts from the last one', () => {
    expect(replica.age.ms()).toBe(Number.POSITIVE_INFINITY);
    replica.replace(loaded(FIRST, 10));
    expect(replica.age.ms()).toBe(Number.POSITIVE_INFINITY);
    replica.apply(heartbeat(11, 9_000));
    expect(replica.age.ms()).toBe(1_000);
    replica.apply(change(12));
    now += 500;
    expect(replica.age.ms()).toBe(1_500);
  });

  test('comes with the state that was loaded, not from the one before', () => {
    replica.replace(loaded(FIRST, 10, 9_990));
    expect(replica.age.ms()).toBe(10);
    replica.replace(loaded(SECOND, 2, 4_000));
    expect(replica.age.ms()).toBe(6_000);
  });

  test('is not negative where the authority’s clock is ahead', () => {
    replica.replace(loaded(FIRST, 10, 11_000));
    expect(replica.age.ms()).toBe(0);
    expect(replica.age.aheadMs).toBe(1_000);
  });

  test('grows all the same where this clock is behind, or is set back', () => {
    replica.replace(loaded(FIRST, 10, 100_000));
    ticks += 40_000;
    expect([replica.age.ms(), replica.age.state()]).toEqual([40_000, 'STALE']);
    replica.replace(loaded(FIRST, 11, 100_000));
    expect(replica.age.ms()).toBe(40_000);
    replica.apply(heartbeat(12, 101_000));
    expect([replica.age.ms(), replica.age.state()]).toEqual([0, 'FRESH']);
  });

  test('has three states', () => {
    replica.replace(loaded(FIRST, 10, now));
    const stateAfter = (ms: number) => {
      now = 10_000 + ms;
      return replica.age.state();
    };
    expect([0, 4_999, 5_000, 29_999, 30_000].map(stateAfter)).toEqual([
      'FRESH',
      'FRESH',
      'AGING',
      'AGING',
      'STALE',
    ]);
  });
});

describe('waiting for a revision', () => {
  test('ends when it is applied, or loaded, and at once where it is there', async () => {
    const first = replica.reached(10, 60_000);
    const second = replica.reached(11, 60_000);
    replica.replace(loaded(FIRST, 10));
    expect(await first).toBe(true);
    replica.apply(heartbeat(11, 1));
    expect(await second).toBe(true);
    expect(await replica.reached(5, 0)).toBe(true);
  });

  test('ends at its limit', async () => {
    replica.replace(loaded(FIRST, 10));
    expect(await replica.reached(11, 5)).toBe(false);
  });
});

test('heartbeats are no history: only the revision moves', () => {
  replica.replace(loaded(FIRST, 10));
  replica.apply(heartbeat(11, 1));
  replica.apply(change(12));
  expect(replica.current!.history.after(10)!.map(entry => entry.revision)).toEqual([12]);
});
