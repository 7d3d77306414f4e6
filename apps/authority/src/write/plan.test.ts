import {
  COMMIT_KEY,
  type Configuration,
  configurationKey,
  configurationPath,
  deletedKey,
  entityTag,
  GENERATION_KEY,
  type Json,
  MAX_BATCH_OPERATIONS,
  operationKey,
} from '@quantivista/contracts';
import type { KeyValue, Txn } from '@quantivista/etcd';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConfigurationValue, deleteConfiguration, setConfiguration } from './configuration.ts';
import { deleteRecord } from './delete.ts';
import { createOperationId } from './operation-id.ts';
import { keysOf, type Plan, plan } from './plan.ts';
import type { Conditions, RequestedChange, WriteRequest } from './request.ts';
import { checkShape } from './validate.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const pathOf = (key: string, service = 'risk') => ({ environment: 'TEST', service, key }) as const;

const set = (
  key: string,
  value: Json,
  more: Omit<ConfigurationValue, 'value'> = {},
  conditions: Conditions = {},
): RequestedChange => setConfiguration(pathOf(key), { value, ...more }, { field: 'body', conditions });
const remove = (key: string, conditions: Conditions = {}): RequestedChange =>
  deleteConfiguration(pathOf(key), { field: 'body', conditions });
const request = (...changes: RequestedChange[]): WriteRequest => ({
  changes,
  actor: 'admin',
  reason: 'why',
  rollbackAvailable: true,
});

/** A store in a few lines: enough to carry out what was planned. */
function createStore() {
  const generation = { key: GENERATION_KEY, value: GENERATION, createRevision: 1, modRevision: 1 };
  const entries = new Map<string, KeyValue>([[GENERATION_KEY, generation]]);
  let revision = 1;
  return {
    entries,
    plan: (wanted: WriteRequest): Plan => {
      const held = new Map(
        keysOf(wanted).flatMap(key => (entries.has(key) ? [[key, entries.get(key)!]] : [])),
      );
      return plan({ id: createOperationId(), generation: GENERATION, at: 1_000, request: wanted, held });
    },
    carryOut: ({ compare, success }: Txn): boolean => {
      const holds = compare.every(condition => {
        const entry = entries.get(condition.key);
        if ('above' in condition) return (entry?.modRevision ?? 0) > condition.above;
        if ('below' in condition) throw new Error('a plan of its own does not look at ranges');
        return (condition.target === 'value' ? entry?.value : (entry?.modRevision ?? 0)) === condition.is;
      });
      if (!holds) return false;
      revision++;
      for (const operation of success) {
        if (operation.op === 'delete') entries.delete(operation.key);
        if (operation.op !== 'put') continue;
        const { key, value } = operation;
        entries.set(key, { key, value, createRevision: revision, modRevision: revision });
      }
      return true;
    },
    configuration: (key: string): Configuration | undefined => {
      const entry = entries.get(configurationKey(pathOf(key)));
      return entry && JSON.parse(entry.value);
    },
  };
}

describe('versions', () => {
  test('count every change of a key, across deletion and re-creation', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b'), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const store = createStore();
        const counted: Record<string, number> = { a: 0, b: 0 };
        for (const [index, { key, remove: removed }] of steps.entries()) {
          if (removed && !store.configuration(key)) continue;
          const planned = store.plan(request(removed ? remove(key) : set(key, index)));
          expect(store.carryOut(planned.txn)).toBe(true);
          counted[key]!++;
          expect(planned.changes[0]!.version).toBe(counted[key]);
          if (!removed) expect(store.configuration(key)!.version).toBe(counted[key]);
        }
      }),
    );
  });

  test('a creation planned before the key was created and deleted by others is not carried out', () => {
    const store = createStore();
    const late = store.plan(request(set('a', 'late')));
    store.carryOut(store.plan(request(set('a', 1))).txn);
    store.carryOut(store.plan(request(remove('a'))).txn);
    expect(store.carryOut(late.txn)).toBe(false);
    expect(store.plan(request(set('a', 'now'))).changes[0]!.version).toBe(3);
  });

  test('creations of different keys of a service do not stand in each other’s way', () => {
    const store = createStore();
    const [first, second] = [store.plan(request(set('a', 1))), store.plan(request(set('b', 1)))];
    expect(store.carryOut(first.txn)).toBe(true);
    expect(store.carryOut(second.txn)).toBe(true);
  });
});

describe('a transaction', () => {
  test('compares everything that the plan was made from, and puts marker and note beside the changes', () => {
    const store = createStore();
    store.carryOut(store.plan(request(set('a', 1), set('b', 2))).txn);
    const planned = store.plan(request(set('a', 3), remove('b'), set('c', 4)));
    const compared = planned.txn.compare.map(each => each.key);
    const keys = ['a', 'b', 'c'].map(key => configurationKey(pathOf(key)));
    expect(new Set(compared)).toEqual(
      new Set([
        operationKey(planned.id),
        GENERATION_KEY,
        ...keys,
        deletedKey(configurationPath(pathOf('a'))),
      ]),
    );
    const puts = planned.txn.success.flatMap(each => (each.op === 'put' ? [each.key] : []));
    expect(puts).toContain(operationKey(planned.id));
    expect(puts).toContain(COMMIT_KEY);
    expect(planned.txn.success).toContainEqual({ op: 'delete', key: configurationKey(pathOf('b')) });
  });

  test('fits into the 128 operations of etcd, however the keys are spread', () => {
    const keys = fc.uniqueArray(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 })), {
      selector: String,
      minLength: 1,
      maxLength: 130,
    });
    fc.assert(
      fc.property(keys, fc.boolean(), (pairs, removing) => {
        const store = createStore();
        const changes = pairs.map(([service, key]) =>
          setConfiguration(pathOf(`k${key}`, `s${service}`), { value: 1 }, { field: 'body' }),
        );
        const services = new Set(pairs.map(([service]) => service)).size;
        if (pairs.length + services > MAX_BATCH_OPERATIONS) {
          expect(() => checkShape(request(...changes))).toThrow(/at most/);
          return;
        }
        checkShape(request(...changes));
        const creating = store.plan(request(...changes));
        store.carryOut(creating.txn);
        const deleting = changes.map(({ path }) => deleteRecord(path, { field: 'body' }));
        const planned = removing ? store.plan(request(...deleting)) : creating;
        expect(planned.txn.compare.length).toBeLessThanOrEqual(128);
        expect(planned.txn.success.length).toBeLessThanOrEqual(128);
      }),
    );
  });
});

describe('conditions', () => {
  const store = createStore();
  const first = store.plan(request(set('a', { deep: [1, null] })));
  store.carryOut(first.txn);
  const tag = entityTag(GENERATION, store.entries.get(configurationKey(pathOf('a')))!.modRevision);

  test.each<[string, string, Conditions, boolean]>([
    ['an equal old_value', 'a', { oldValue: { deep: [1, null] } }, true],
    ['another old_value', 'a', { oldValue: { deep: [1] } }, false],
    ['null where there is a value', 'a', { oldValue: null }, false],
    ['null where there is no key', 'b', { oldValue: null }, true],
    ['a value where there is no key', 'b', { oldValue: 0 }, false],
    ['the entity tag', 'a', { ifMatch: tag }, true],
    ['a list with the entity tag', 'a', { ifMatch: `"x", ${tag}` }, true],
    ['any state', 'a', { ifMatch: '*' }, true],
    ['any state where there is none', 'b', { ifMatch: '*' }, false],
    ['another entity tag', 'a', { ifMatch: '"5b8f2f4e.999"' }, false],
    ['absence where there is none', 'b', { ifAbsent: true }, true],
    ['absence where there is one', 'a', { ifAbsent: true }, false],
  ])('%s', (_, key, conditions, holds) => {
    const planning = () => store.plan(request(set(key, 1, {}, conditions)));
    if (holds) expect(planning().changes).toHaveLength(1);
    else expect(planning).toThrow(expect.objectContaining({ code: 'conflict' }));
  });
});

describe('types and values', () => {
  test('a type stays what it is', () => {
    const store = createStore();
    store.carryOut(store.plan(request(set('a', 'x', { configType: 'ENVIRONMENT_VARIABLE' }))).txn);
    expect(store.plan(request(set('a', 'y'))).records[0]).toMatchObject({
      config_type: 'ENVIRONMENT_VARIABLE',
    });
    expect(() => store.plan(request(set('a', 'y', { configType: 'BUSINESS_RULE' })))).toThrow(
      expect.objectContaining({ code: 'type_conflict' }),
    );
    expect(() => store.plan(request(set('a', 7)))).toThrow(/is a string/);
  });

  test('what is not given stays: description and time of creation', () => {
    const store = createStore();
    store.carryOut(store.plan(request(set('a', 1, { description: 'about' }))).txn);
    const [next] = store.plan(request(set('a', 2))).records;
    expect(next).toMatchObject({
      description: 'about',
      created_at: '1970-01-01T00:00:01.000Z',
      updated_by: 'admin',
    });
  });
});
