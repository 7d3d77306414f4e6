import { type ErrorCode, PROPOSALS_PREFIX, type RegionReport, ServiceError } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createMetrics, silentLog } from '@quantivista/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMemoryEtcd } from '../../test/memory-etcd.ts';
import { audience, GENERATION, node, region } from '../../test/reports.ts';
import type { TrialEnds } from './trial-end.ts';
import { createTrials } from './trials.ts';

const UNTIL = '2026-01-01T00:00:10.000Z';
let leading: boolean;
let known: boolean;
let reports: RegionReport[];
/** What ending fails with; undefined: it succeeds. */
let failure: ErrorCode | undefined;
let ended: string[];
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00.000Z') });
  [leading, known, failure, ended, reports] = [true, true, undefined, [], []];
  const store = createMemoryEtcd();
  const trial = { until: UNTIL, refused_before: { broken: 1 } };
  const changes = [
    { kind: 'configuration', environment: 'PRODUCTION', service_name: 'risk', config_key: 'a' },
  ];
  const record = { generation: GENERATION, changes, trial };
  store.put(`${PROPOSALS_PREFIX}closed`, JSON.stringify({ ...record, state: 'applied' }));
  store.put(`${PROPOSALS_PREFIX}running`, JSON.stringify({ ...record, state: 'on_trial' }));
  const { promise: over, resolve } = Promise.withResolvers<{ reason: 'closed' }>();
  const etcd: Etcd = {
    ...store.etcd,
    watch: () => ({ ended: over, close: () => resolve({ reason: 'closed' }) }),
  };
  const end = (what: string) => {
    ended.push(what);
    if (failure) throw new ServiceError(failure);
  };
  const ends: TrialEnds = {
    keep: async id => {
      end(`${id} kept`);
      return 'kept';
    },
    revert: async (id, reason) => {
      end(`${id}: ${reason}`);
      return 'reverted';
    },
  };
  stop = new AbortController();
  const leadership = {
    get leading() {
      return leading;
    },
  };
  const regions = {
    get known() {
      return known;
    },
    reports: () => reports,
  };
  const metrics = createMetrics();
  running = createTrials({ etcd, log: silentLog, ends, regions, leadership, metrics }).run(stop.signal);
  await vi.advanceTimersByTimeAsync(0);
});
afterEach(async () => {
  stop.abort();
  await vi.advanceTimersByTimeAsync(2_000);
  await running;
  vi.useRealTimers();
});

/** The newest revision of the memory's store is the one at which the trial began. */
const refusing = (name: string) => [
  region('eu', [
    node('a', { 'PRODUCTION/risk': audience({ [name]: { refused: 1_000, reason: 'no use' } }) }),
  ]),
];

test('nobody refuses it: it stays when its time is over, not before', async () => {
  await vi.advanceTimersByTimeAsync(9_800);
  expect(ended).toEqual([]);
  await vi.advanceTimersByTimeAsync(300);
  expect(ended).toEqual(['running kept']);
});

test('refused it is put back at once, and the trail will say by whom and why', async () => {
  reports = refusing('risk-1');
  await vi.advanceTimersByTimeAsync(200);
  expect(ended).toEqual(['running: refused by risk-1 in eu: no use']);
});

test('one who could not use the state before has no say', async () => {
  reports = refusing('broken');
  await vi.advanceTimersByTimeAsync(9_800);
  expect(ended).toEqual([]);
});

test('one who does not lead does nothing, and whoever comes to lead later ends it late', async () => {
  leading = false;
  reports = refusing('risk-1');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ended).toEqual([]);
  leading = true;
  await vi.advanceTimersByTimeAsync(200);
  expect(ended).toEqual(['running: refused by risk-1 in eu: no use']);
});

test('before the regions are known nothing ends: somebody may have refused it', async () => {
  known = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ended).toEqual([]);
  known = true;
  await vi.advanceTimersByTimeAsync(200);
  expect(ended).toEqual(['running kept']);
});

test.each<ErrorCode>(['store_unavailable', 'audit_unavailable', 'write_in_doubt', 'conflict'])(
  'tried again after %s',
  async code => {
    failure = code;
    await vi.advanceTimersByTimeAsync(10_500);
    expect(ended).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ended).toHaveLength(2);
  },
);
