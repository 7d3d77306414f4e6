import { configurationKey, HEARTBEAT_KEY } from '@quantivista/contracts';
import type { RegionReader } from '@quantivista/region';
import { silentLog } from '@quantivista/runtime';
import { buildSnapshot, type Digests } from '@quantivista/snapshot';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDrift, type Drift } from './drift.ts';
import type { ReloadReason } from './follower.ts';
import { createHistory } from './history.ts';
import { createReplica, type Replica } from './replica.ts';

const GENERATION = '11111111-1111-4111-8111-111111111111';
const key = (environment: 'TEST' | 'PRODUCTION') =>
  configurationKey({ environment, service: 'risk', key: 'a' });
const truth = { TEST: '1', PRODUCTION: '2' };

let replica: Replica;
let drift: Drift;
let marked: boolean;
let reloads: ReloadReason[];
let regionBeat: { revision: number; sequence: number };
let sequence: number;
let abort: AbortController;
let running: Promise<void>;

const stateOf = (values: Record<string, string>, revision: number) =>
  buildSnapshot(
    GENERATION,
    revision,
    Object.entries(values).map(([environment, value]) => ({
      key: key(environment as keyof typeof truth),
      value,
      modRevision: 5,
    })),
  );
const load = (values: Record<string, string>, revision = 10) =>
  replica.replace({ snapshot: stateOf(values, revision), history: createHistory(revision, { length: 10 }) });
/** A beat at the next revision, which says what the store was at the present one. */
function beat(
  digests: Digests = stateOf(truth, 10).digests(),
  of = replica.current!.snapshot.revision,
): void {
  const value = JSON.stringify({ sequence: ++sequence, at: Date.now(), checked: { revision: of, digests } });
  const revision = replica.current!.snapshot.revision + 1;
  replica.apply({ revision, changes: [{ key: HEARTBEAT_KEY, value, previous: undefined }] });
}
const start = (holds?: (part: string) => boolean) => {
  const region = {
    suspect: async () => {
      marked = true;
    },
    suspected: async () => (marked ? 'mark' : undefined),
    keysAt: async (_: string, [heartbeat]: readonly string[]) => ({
      revision: regionBeat.revision,
      entries: [
        { key: heartbeat, modRevision: 1, value: JSON.stringify({ sequence: regionBeat.sequence, at: 1 }) },
      ],
    }),
  } as unknown as RegionReader;
  const follower = {
    get loads() {
      return reloads.length;
    },
    reload: (because: ReloadReason) => void reloads.push(because),
  };
  drift = createDrift({ region, replica, follower, log: silentLog, ...(holds && { holds }) });
  running = drift.run(abort.signal);
};

beforeEach(() => {
  vi.useFakeTimers();
  replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  marked = false;
  reloads = [];
  regionBeat = { revision: 0, sequence: 0 };
  sequence = 0;
  abort = new AbortController();
});
afterEach(async () => {
  abort.abort();
  await vi.runAllTimersAsync();
  await running;
  vi.useRealTimers();
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a state that differs', () => {
  test('is found once, and loaded anew when the mark is cleared', async () => {
    start();
    load({ ...truth, TEST: 'wrong' });
    beat();
    beat();
    expect([drift.found, drift.parts, drift.verified]).toEqual([1, ['TEST'], undefined]);
    await pass(1_000);
    expect([marked, reloads]).toEqual([true, []]);
    marked = false;
    await pass(1_000);
    expect(reloads).toEqual(['drifted']);
    load(truth, 12);
    beat();
    expect([drift.found, drift.parts, drift.verified]).toEqual([1, [], 12]);
    await pass(5_000);
    expect(reloads).toHaveLength(1);
  });

  test('is loaded anew after a while though no feeder clears the mark', async () => {
    start();
    load({ TEST: '1' });
    beat();
    expect(drift.parts).toEqual(['PRODUCTION']);
    await pass(20_000);
    expect(reloads).toEqual(['drifted']);
  });

  test('does not count in parts that this node does not hold', () => {
    start(part => part === 'TEST');
    load({ TEST: '1' });
    beat();
    expect([drift.found, drift.verified]).toEqual([0, 10]);
    load({ TEST: 'wrong' }, 20);
    beat();
    expect([drift.found, drift.parts]).toEqual([1, ['TEST']]);
  });
});

describe('no drift', () => {
  test('is what a beat says of a revision before the state was loaded, or of none', () => {
    start();
    load({ TEST: 'wrong' });
    beat(stateOf(truth, 10).digests(), 9);
    replica.apply({
      revision: 20,
      changes: [{ key: HEARTBEAT_KEY, value: '{"sequence":9,"at":1}', previous: undefined }],
    });
    expect([drift.found, drift.verified]).toEqual([0, undefined]);
  });

  test('is a later change: states are compared at the same revision', () => {
    start();
    load(truth);
    const { revision } = replica.current!.snapshot;
    replica.apply({ revision: 11, changes: [{ key: key('TEST'), value: 'new', previous: '1' }] });
    beat(stateOf(truth, 10).digests(), revision);
    expect([drift.found, drift.verified]).toEqual([0, 10]);
  });

  test('is a region that is behind and being fed again', async () => {
    start();
    load(truth, 100);
    beat();
    regionBeat = { revision: 50, sequence: 1 };
    await pass(10_000);
    expect([drift.found, reloads]).toEqual([0, []]);
  });
});

test('a region behind this node, with newer beats than it has: this node is where the store never was', async () => {
  start();
  load(truth, 1_000_000);
  regionBeat = { revision: 50, sequence: 7 };
  await pass(3_000);
  expect(drift.found).toBe(1);
  marked = false;
  await pass(1_000);
  expect(reloads).toEqual(['ahead']);
});
