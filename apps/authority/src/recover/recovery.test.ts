import type { Intent } from '@quantivista/audit';
import { GENERATION_KEY, operationKey, ServiceError } from '@quantivista/contracts';
import { silentLog } from '@quantivista/runtime';
import { beforeEach, expect, test, vi } from 'vitest';
import { createMemoryAudit, type MemoryAudit } from '../../test/memory-audit.ts';
import { createMemoryEtcd, type MemoryEtcd } from '../../test/memory-etcd.ts';
import { createOperationId } from '../write/operation-id.ts';
import { createRecovery } from './recovery.ts';
import { sweepMarkers } from './sweep.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const OTHER = '0e0c5e1c-1f53-4b43-8a86-7b1a6f7f0d55';

let store: MemoryEtcd;
let trail: MemoryAudit;

beforeEach(() => {
  store = createMemoryEtcd();
  store.put(GENERATION_KEY, GENERATION);
  trail = createMemoryAudit();
});

function leave(generation = GENERATION, id = createOperationId()): string {
  const intent: Intent = {
    id,
    generation,
    readRevision: 1,
    actor: 'admin',
    reason: '',
    rollbackAvailable: true,
    changes: [],
  };
  trail.intents.set(id, intent);
  return id;
}
/** Run recovery until `holds`, then end it; answers how many it has recovered. */
async function recoverUntil(holds: () => boolean): Promise<number> {
  const recovery = createRecovery({
    etcd: store.etcd,
    audit: trail.audit,
    log: silentLog,
    afterMs: 0,
    intervalMs: 1,
  });
  const stop = new AbortController();
  const ended = recovery.run(stop.signal);
  await vi.waitFor(() => expect(holds()).toBe(true));
  stop.abort();
  await ended;
  return recovery.recovered;
}

test('an operation without marker is given up, one with a marker gets what that says', async () => {
  const [left, done, given] = [leave(), leave(), leave()];
  store.put(operationKey(done), 'committed');
  const revision = store.revision;
  store.put(operationKey(given), 'aborted');
  expect(await recoverUntil(() => trail.outcomes.size === 3)).toBe(3);
  expect(trail.outcomes.get(left)).toEqual({ status: 'aborted' });
  expect(store.value(operationKey(left))).toBe('aborted');
  expect(trail.outcomes.get(done)).toEqual({ status: 'committed', revision });
  expect(trail.outcomes.get(given)).toEqual({ status: 'aborted' });
});

test('of another life of the store nothing can be known, whatever a marker says', async () => {
  const [left, done] = [leave(OTHER), leave(OTHER)];
  store.put(operationKey(done), 'committed');
  await recoverUntil(() => trail.outcomes.size === 2);
  expect(trail.outcomes.get(left)).toEqual({ status: 'unknown' });
  expect(trail.outcomes.get(done)).toEqual({ status: 'unknown' });
});

test('a store without generation decides nothing', async () => {
  store.entries.delete(GENERATION_KEY);
  leave();
  let rounds = 0;
  store.intercept = (_, carryOut) => {
    rounds++;
    return carryOut();
  };
  await recoverUntil(() => rounds > 3);
  expect(trail.outcomes.size).toBe(0);
});

test('one that can not be recorded does not keep the others waiting', async () => {
  const stuck = leave();
  const [second, third] = [leave(), leave()];
  trail.refuses = (_, id) => id === stuck;
  expect(await recoverUntil(() => trail.outcomes.size === 2)).toBe(2);
  expect([...trail.outcomes.keys()]).toEqual([second, third]);
});

test('it goes on when etcd comes back', async () => {
  leave();
  let failures = 3;
  store.intercept = (_, carryOut) => {
    if (failures-- > 0) throw new ServiceError('store_unavailable');
    return carryOut();
  };
  expect(await recoverUntil(() => trail.outcomes.size === 1)).toBe(1);
});

test('markers are kept for a day, and longer where an operation of those days is open', async () => {
  const now = Date.now();
  const dayMs = 24 * 60 * 60 * 1_000;
  const [old, young] = [createOperationId(now - dayMs - 1_000), createOperationId(now - dayMs + 1_000)];
  for (const id of [old, young]) store.put(operationKey(id), 'committed');
  const open = leave();
  expect(await sweepMarkers(store.etcd, trail.audit, now)).toBe(0);
  trail.outcomes.set(open, { status: 'aborted' });
  expect(await sweepMarkers(store.etcd, trail.audit, now)).toBe(1);
  expect(store.value(operationKey(old))).toBeUndefined();
  expect(store.value(operationKey(young))).toBe('committed');
});
