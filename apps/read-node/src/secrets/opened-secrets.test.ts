import { configurationKey, type Json, type SealedValue, ServiceError } from '@quantivista/contracts';
import { createLog, pause } from '@quantivista/runtime';
import { buildSnapshot } from '@quantivista/snapshot';
import type { SecretStore } from '@quantivista/vault';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHistory } from '../follow/history.ts';
import { createReplica, type Replica } from '../follow/replica.ts';
import { createOpenedSecrets, type OpenedSecrets } from './opened-secrets.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const place = { environment: 'TEST', service: 's' } as const;
const etcdKey = (key: string) => configurationKey({ ...place, key });
const sealed = (text: string): SealedValue => ({ $sealed: { store: 'keyring', key: 1, text } });
const record = (value: Json) => JSON.stringify({ config_value: value, config_type: 'SECRET' });

let replica: Replica;
let secrets: OpenedSecrets;
/** What was asked of the store, and what it answers. */
let asked: string[];
let answer: (text: string) => Promise<Json | undefined>;
let atOnce: number;
let most: number;

const store: SecretStore = {
  open: async (_, { $sealed }) => {
    const { text } = $sealed as { text: string };
    asked.push(text);
    most = Math.max(most, ++atOnce);
    try {
      const value = await answer(text);
      return value === undefined ? { kind: 'destroyed' } : { kind: 'opened', value };
    } finally {
      atOnce--;
    }
  },
  keep: () => Promise.reject(new Error('not asked for')),
  rewrap: () => Promise.reject(new Error('not asked for')),
  destroy: () => Promise.reject(new Error('not asked for')),
  status: () => ({ kind: 'keyring', state: 'ready', since: 0 }),
  close: async () => {},
};

const load = (revision: number, values: Record<string, Json>) => {
  const entries = Object.entries(values).map(([key, value]) => ({
    key: etcdKey(key),
    value: record(value),
    modRevision: revision,
  }));
  const snapshot = buildSnapshot(GENERATION, revision, entries);
  replica.replace({ snapshot, history: createHistory(revision, { length: 10 }) });
};
const change = (revision: number, key: string, value: Json | undefined) =>
  replica.apply({
    revision,
    changes: [
      { key: etcdKey(key), value: value === undefined ? undefined : record(value), previous: undefined },
    ],
  } as never);
const get = (key: string) => secrets.get({ ...place, key });
const opened = (value: Json) => ({ kind: 'opened', json: JSON.stringify(value) });
const settled = () => expect.poll(() => secrets.pending, { interval: 1, timeout: 10_000 }).toBe(0);

beforeEach(() => {
  replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  asked = [];
  answer = async text => `opened ${text}`;
  atOnce = most = 0;
  secrets = createOpenedSecrets({
    replica,
    store,
    log: createLog('test', 'silent'),
    concurrency: 3,
    startWithinMs: 1,
  });
});
afterEach(() => secrets.close());

test('secrets of the state are opened ahead, a few at a time, and each once', async () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`k${at}`, sealed(`t${at}`)]));
  answer = async text => {
    await pause(1);
    return text;
  };
  load(1, { ...many, plain: 1 });
  await settled();
  expect(get('k7')).toEqual(opened('t7'));
  expect(most).toBe(3);
  expect(asked.length).toBe(20);
  load(2, many);
  await settled();
  expect(asked.length).toBe(20);
  expect(secrets.opened).toBe(20);
});

test('a change is opened, and what no key has any more is let go of', async () => {
  load(1, { a: sealed('one') });
  await settled();
  change(2, 'a', sealed('two'));
  await secrets.settled(place, ['a'], 1_000);
  expect(get('a')).toEqual(opened('opened two'));
  change(3, 'a', 'in the open');
  expect(get('a')).toEqual({ kind: 'unavailable' });
  change(4, 'b', sealed('three'));
  await settled();
  load(5, {});
  expect([secrets.opened, secrets.pending]).toEqual([0, 0]);
});

test('while the store does not answer, what is held is served, and the rest is opened when it does', async () => {
  load(1, { a: sealed('one') });
  await settled();
  const works = answer;
  answer = async () => {
    throw new ServiceError('secrets_unavailable');
  };
  change(2, 'b', sealed('two'));
  await secrets.settled(place, ['a', 'b'], 10_000);
  expect(get('a')).toEqual(opened('opened one'));
  expect(get('b')).toEqual({ kind: 'unavailable' });
  load(3, { a: sealed('one'), b: sealed('two') });
  expect(get('a')).toEqual(opened('opened one'));
  answer = works;
  await settled();
  expect(get('b')).toEqual(opened('opened two'));
});

test('one that was destroyed is not asked for again', async () => {
  answer = async () => undefined;
  load(1, { a: sealed('one') });
  await settled();
  expect(get('a')).toEqual({ kind: 'destroyed' });
  await secrets.settled(place, ['a'], 1_000);
  expect(asked).toEqual(['one']);
});

test('what is waited for is opened before the rest', async () => {
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  answer = async text => {
    await gate;
    return text;
  };
  load(1, Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`k${at}`, sealed(`t${at}`)])));
  await expect.poll(() => asked.length, { interval: 1, timeout: 10_000 }).toBe(3);
  const waited = secrets.settled(place, ['k9'], 10_000);
  openGate();
  await waited;
  expect(asked[3]).toBe('t9');
  await settled();
});
