import { configurationKey, GENERATION_KEY, operationKey, ServiceError } from '@quantivista/contracts';
import type { Txn } from '@quantivista/etcd';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createMemoryAudit, type MemoryAudit } from '../../test/memory-audit.ts';
import { createMemoryEtcd, type MemoryEtcd } from '../../test/memory-etcd.ts';
import { createWriter, FAULT_POINTS, type Writer } from './commit.ts';
import { setConfiguration } from './configuration.ts';
import type { WriteRequest } from './request.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const OTHER = '0e0c5e1c-1f53-4b43-8a86-7b1a6f7f0d55';
const path = { environment: 'TEST', service: 'risk', key: 'a' } as const;
const set = (value: number): WriteRequest => ({
  changes: [setConfiguration(path, { value }, { field: 'body' })],
  actor: 'admin',
  reason: 'why',
  rollbackAvailable: true,
});

let store: MemoryEtcd;
let trail: MemoryAudit;
let writer: Writer;
let points: string[];

beforeEach(async () => {
  vi.useFakeTimers();
  store = createMemoryEtcd();
  store.put(GENERATION_KEY, GENERATION);
  trail = createMemoryAudit();
  points = [];
  writer = createWriter({ etcd: store.etcd, audit: trail.audit, faultPoint: name => points.push(name) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Write, letting all pauses pass; answers the code of what was thrown. */
async function write(value: number) {
  const written = writer.write(set(value)).then(
    result => ({ code: 'committed', result }),
    (error: ServiceError) => ({ code: error.code, result: undefined }),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  return written;
}
const isCommit = (txn: Txn) => txn.success.some(each => each.op === 'put' && each.value === 'committed');
const present = () => {
  const held = store.value(configurationKey(path));
  return held === undefined ? undefined : JSON.parse(held).config_value;
};
const statuses = () => [...trail.intents.keys()].map(id => trail.outcomes.get(id)?.status);
/** What befalls the first commit, and whether it is answered then; everything else goes through. */
function befallFirstCommit(befall: (carryOut: () => unknown) => void, answered = false) {
  let met = false;
  store.intercept = (txn, carryOut) => {
    if (met || !isCommit(txn)) return carryOut();
    met = true;
    befall(carryOut);
    if (answered) return carryOut();
    throw new ServiceError('store_unavailable');
  };
}

test('a write has an intent, a marker, and an outcome of its revision', async () => {
  const { result } = await write(1);
  const [id] = trail.intents.keys();
  expect(store.entries.get(operationKey(id!))).toMatchObject({
    value: 'committed',
    modRevision: result!.revision,
  });
  expect(trail.outcomes.get(id!)).toEqual({ status: 'committed', revision: result!.revision });
  expect(points).toEqual(FAULT_POINTS);
});

describe('the answer of etcd is lost', () => {
  test('and the transaction was carried out: committed', async () => {
    befallFirstCommit(carryOut => void carryOut());
    const { code, result } = await write(1);
    expect(code).toBe('committed');
    expect(result!.revision).toBe(store.entries.get(configurationKey(path))!.modRevision);
    expect(statuses()).toEqual(['committed']);
  });

  test('and it was not: aborted, and a late arrival is refused', async () => {
    let late: () => unknown = () => {};
    befallFirstCommit(carryOut => {
      late = carryOut;
    });
    expect((await write(1)).code).toBe('write_aborted');
    expect(statuses()).toEqual(['aborted']);
    expect(late()).toMatchObject({ succeeded: false });
    expect(present()).toBeUndefined();
  });

  test('and etcd stays away: in doubt, without an outcome', async () => {
    let reads = 0;
    store.intercept = (_, carryOut) => {
      if (reads++ === 0) return carryOut();
      throw new ServiceError('store_unavailable');
    };
    expect((await write(1)).code).toBe('write_in_doubt');
    expect(statuses()).toEqual([undefined]);
  });

  test('and the store has been replaced meanwhile: nobody can know', async () => {
    befallFirstCommit(() => {
      store.entries = new Map();
      store.put(GENERATION_KEY, OTHER);
    });
    expect((await write(1)).code).toBe('write_in_doubt');
    expect(statuses()).toEqual(['unknown']);
  });
});

test('recovery was quicker and has given it up: aborted', async () => {
  befallFirstCommit(() => {
    store.put(operationKey([...trail.intents.keys()][0]!), 'aborted');
  }, true);
  expect((await write(1)).code).toBe('write_aborted');
  expect(statuses()).toEqual(['aborted']);
  expect(present()).toBeUndefined();
});

test('another writer was quicker: planned again, under an id of its own', async () => {
  await write(1);
  befallFirstCommit(() => {
    const entry = store.value(configurationKey(path))!;
    store.put(configurationKey(path), JSON.stringify({ ...JSON.parse(entry), version: 2 }));
  }, true);
  const { result } = await write(3);
  expect(result!.records[0]).toMatchObject({ config_value: 3, version: 3 });
  expect(statuses()).toEqual(['committed', 'aborted', 'committed']);
});

test('others are always quicker: a conflict in the end, and every intent aborted', async () => {
  await write(1);
  store.intercept = (txn, carryOut) => {
    if (isCommit(txn)) store.put(configurationKey(path), store.value(configurationKey(path))!);
    return carryOut();
  };
  expect((await write(2)).code).toBe('conflict');
  expect(new Set(statuses().slice(1))).toEqual(new Set(['aborted']));
  expect(present()).toBe(1);
});

test('a store that was wiped meanwhile does not take what was planned for another', async () => {
  befallFirstCommit(() => {
    // As after a real wipe: the generation has the same mod revision again.
    store.entries.set(GENERATION_KEY, { ...store.entries.get(GENERATION_KEY)!, value: OTHER });
  }, true);
  const { result } = await write(1);
  expect(result!.generation).toBe(OTHER);
  expect([...trail.intents.values()].map(({ generation }) => generation)).toEqual([GENERATION, OTHER]);
  expect(statuses()).toEqual(['aborted', 'committed']);
});

test('no audit trail, no change', async () => {
  trail.refuses = call => call === 'recordIntent';
  const before = store.revision;
  expect((await write(1)).code).toBe('audit_unavailable');
  expect(store.revision).toBe(before);
});

describe('the outcome can not be recorded', () => {
  test('for a moment: it is tried again', async () => {
    let refusals = 3;
    trail.refuses = call => call === 'recordOutcome' && refusals-- > 0;
    expect((await write(1)).code).toBe('committed');
    expect(statuses()).toEqual(['committed']);
  });

  test('for long: in doubt, not acknowledged', async () => {
    trail.refuses = call => call === 'recordOutcome';
    expect((await write(1)).code).toBe('write_in_doubt');
    expect(statuses()).toEqual([undefined]);
    expect(present()).toBe(1);
  });
});
