import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createKeeper, type StateStore } from './keeper.ts';
import type { State } from './state.ts';
import { createStateFile } from './state-file.ts';

const TOPIC = { environment: 'PRODUCTION', service: 'risk_engine' };
const noTrouble = (error: unknown) => expect.fail(String(error));
const stateOf = (revision: number): State => ({
  generation: 'g',
  revision,
  entries: { limit: { value: revision, version: revision } },
});

const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 10_000, interval: 5 });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'qv-state-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true });
});

/** A store whose saves end when they are told to. */
function createSlowStore() {
  const saved: string[] = [];
  let finish: (() => void) | undefined;
  const store: StateStore = {
    load: async () => saved.at(-1),
    save: text => {
      saved.push(text);
      return new Promise(resolve => {
        finish = resolve;
      });
    },
  };
  return { saved, store, finish: () => finish?.() };
}
const revisions = (saved: readonly string[]) => saved.map(text => JSON.parse(text).state.revision);

test('one save at a time, and the newest state is the one that stays', async () => {
  const { saved, store, finish } = createSlowStore();
  const keeper = createKeeper(store, TOPIC, () => 0, noTrouble);
  for (let revision = 1; revision <= 5; revision++) keeper.keep(stateOf(revision));
  expect(revisions(saved)).toEqual([1]);
  finish();
  await eventually(() => expect(revisions(saved)).toEqual([1, 5]));
  finish();
});

test('the same state is saved again now and then, for its age', async () => {
  vi.useFakeTimers();
  const saved: string[] = [];
  const store: StateStore = { load: async () => undefined, save: async text => void saved.push(text) };
  const keeper = createKeeper(store, TOPIC, () => 0, noTrouble);
  const state = stateOf(1);
  for (let beat = 0; beat < 90; beat++) {
    keeper.keep({ ...state, revision: beat });
    await vi.advanceTimersByTimeAsync(2_000);
  }
  expect(revisions(saved)).toEqual([0, 30, 60]);
});

test('saved before anybody had said its age, it is saved again with it', async () => {
  const saved: string[] = [];
  const store: StateStore = { load: async () => undefined, save: async text => void saved.push(text) };
  let age: number | undefined;
  const keeper = createKeeper(store, TOPIC, () => age, noTrouble);
  const state = stateOf(1);
  const keep = async (revision: number) => {
    keeper.keep({ ...state, revision });
    await eventually(() => expect(saved.length).toBeGreaterThan(0));
  };
  await keep(1);
  await keep(2);
  age = 300;
  await keep(3);
  await keep(4);
  expect(revisions(saved)).toEqual([1, 3]);
  expect(saved.map(text => JSON.parse(text).ageMs)).toEqual([undefined, 300]);
});

test('what was kept is as old as it was, and the time since', async () => {
  vi.useFakeTimers();
  const { saved, store } = createSlowStore();
  createKeeper(store, TOPIC, () => 1_500, noTrouble).keep(stateOf(7));
  vi.advanceTimersByTime(60_000);
  const load = (text: string) =>
    createKeeper({ ...store, load: async () => text }, TOPIC, () => 0, noTrouble).load();
  expect(await load(saved[0]!)).toMatchObject({ ageMs: 61_500, state: { generation: 'g', revision: 7 } });
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(await load(saved[0]!)).toMatchObject({ ageMs: undefined });
  expect(await load(saved[0]!.replace('"ageMs":1500,', ''))).toMatchObject({ ageMs: undefined });
});

test('what was kept of another topic is of no use', async () => {
  const { saved, store } = createSlowStore();
  createKeeper(store, TOPIC, () => 0, noTrouble).keep(stateOf(7));
  const load = (topic: typeof TOPIC & { prefix?: string }) =>
    createKeeper({ ...store, load: async () => saved[0] }, topic, () => 0, noTrouble).load();
  expect(await load(TOPIC)).toBeDefined();
  expect(await load({ ...TOPIC, environment: 'TEST' })).toBeUndefined();
  expect(await load({ ...TOPIC, service: 'pricing' })).toBeUndefined();
  expect(await load({ ...TOPIC, prefix: 'max_' })).toBeUndefined();
});

test('a store that fails is told of, and tried again', async () => {
  const troubles: unknown[] = [];
  const save = vi.fn<StateStore['save']>().mockRejectedValueOnce(new Error('disk full')).mockResolvedValue();
  const keeper = createKeeper(
    { load: async () => undefined, save },
    TOPIC,
    () => 0,
    each => troubles.push(each),
  );
  keeper.keep(stateOf(1));
  await eventually(() => expect(troubles).toEqual([new Error('disk full')]));
  keeper.keep(stateOf(2));
  await eventually(() => expect(save).toHaveBeenCalledTimes(2));
});

test('in a file: for its owner alone, whole, and nothing beside it', async () => {
  const path = join(dir, 'state.json');
  const file = createStateFile(path);
  expect(await file.load()).toBeUndefined();
  await file.save('one');
  await file.save('two');
  expect(await file.load()).toBe('two');
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toEqual(['state.json']);
});

test('a file that is no state is told of', async () => {
  const path = join(dir, 'state.json');
  writeFileSync(path, '{"format":1');
  const keeper = createKeeper(createStateFile(path), TOPIC, () => 0, noTrouble);
  await expect(keeper.load()).rejects.toThrow(SyntaxError);
});
