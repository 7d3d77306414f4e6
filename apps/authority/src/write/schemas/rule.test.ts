import {
  configurationKey,
  GENERATION_KEY,
  type Json,
  type JsonSchema,
  recordKey,
  type ServiceError,
  schemaPath,
} from '@quantivista/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryAudit } from '../../../test/memory-audit.ts';
import { createMemoryEtcd, type MemoryEtcd } from '../../../test/memory-etcd.ts';
import { createStoreView } from '../../follow/record-view.ts';
import { createWriter, type Writer } from '../commit.ts';
import { deleteConfiguration, setConfiguration } from '../configuration.ts';
import { deleteRecord } from '../delete.ts';
import type { RequestedChange } from '../request.ts';
import { createSchemaRule } from './rule.ts';
import { setSchema } from './schema.ts';
import { createSchemaReader } from './service-schemas.ts';

const place = (key: string) => ({ environment: 'TEST', service: 'risk', key }) as const;
const value = (key: string, to: Json) =>
  setConfiguration(place(key), { value: to }, { field: `body.${key}` });
const schema = (pattern: string, to: JsonSchema, forced = false) =>
  setSchema({ service: 'risk', pattern }, { schema: to, forced }, { field: 'body' });

let store: MemoryEtcd;
let writer: Writer;
beforeEach(() => {
  store = createMemoryEtcd();
  store.put(GENERATION_KEY, '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11');
  const { audit } = createMemoryAudit();
  const rules = [createSchemaRule(createSchemaReader(createStoreView(store.etcd)))];
  writer = createWriter({ etcd: store.etcd, audit, faultPoint: () => {}, rules });
});

const write = (...changes: RequestedChange[]) =>
  writer.write({ changes, actor: 'admin', reason: '', rollbackAvailable: true }).then(
    () => 'committed',
    (error: ServiceError) => error.code,
  );
const present = (key: string) => store.value(configurationKey(place(key)));

describe('a schema and values in one request are judged as they will be', () => {
  test('the value by the new schema', async () => {
    expect(await write(schema('a', { type: 'integer' }), value('a', 'x'))).toBe('schema_violation');
    expect(await write(schema('a', { type: 'integer' }, true), value('a', 'x'))).toBe('schema_violation');
    expect(await write(schema('a', { type: 'integer' }), value('a', 1))).toBe('committed');
  });

  test('not by the one that is replaced, or deleted', async () => {
    await write(schema('a', { type: 'integer' }));
    expect(await write(schema('a', { type: 'string' }), value('a', 'x'))).toBe('committed');
    const gone = deleteRecord(schemaPath('risk', 'a'), { field: 'path' });
    expect(await write(gone, value('a', 5))).toBe('committed');
  });

  test('the schema by the new values, not by those that are replaced or deleted', async () => {
    await write(value('a', 'x'), value('b', 'x'));
    expect(await write(schema('*', { type: 'integer' }), value('a', 1))).toBe('values_break_schema');
    const gone = deleteConfiguration(place('b'), { field: 'path' });
    expect(await write(schema('*', { type: 'integer' }), value('a', 1), gone)).toBe('committed');
  });
});

describe('what is put meanwhile is seen', () => {
  /** Does `step` once, between the reading of the next write and its commit. */
  function before(step: () => void) {
    let met = false;
    store.intercept = (txn, carryOut) => {
      const isCommit = txn.success.some(each => each.op === 'put' && each.value === 'committed');
      if (isCommit && !met) {
        met = true;
        step();
      }
      return carryOut();
    };
  }

  test('a schema, by a value', async () => {
    const record = {
      service_name: 'risk',
      pattern: 'a*',
      schema: { type: 'integer' },
      forced: false,
      version: 1,
    };
    before(() => store.put(recordKey(schemaPath('risk', 'a*')), JSON.stringify(record)));
    expect(await write(value('ab', 'x'))).toBe('schema_violation');
    expect(present('ab')).toBeUndefined();
  });

  test('a value, by a schema', async () => {
    const configuration = { config_key: 'ab', config_value: 'x', version: 1 };
    before(() => store.put(configurationKey(place('ab')), JSON.stringify(configuration)));
    expect(await write(schema('a*', { type: 'integer' }))).toBe('values_break_schema');
    expect(store.value(recordKey(schemaPath('risk', 'a*')))).toBeUndefined();
  });

  test('a value of another service delays nothing', async () => {
    let commits = 0;
    before(() => store.put('/quantivista/test/other/ab', '{}'));
    const { intercept } = store;
    store.intercept = (txn, carryOut) => {
      if (txn.compare.length > 0) commits++;
      return intercept(txn, carryOut);
    };
    expect(await write(schema('a*', { type: 'integer' }))).toBe('committed');
    expect(commits).toBe(1);
  });
});

test('a schema that replaces another at the same key and revision is not taken for it', async () => {
  const { read } = createSchemaReader(createStoreView(store.etcd));
  const key = recordKey(schemaPath('risk', 'a'));
  const put = (type: string) =>
    store.entries.set(key, {
      key,
      value: JSON.stringify({ pattern: 'a', schema: { type } }),
      createRevision: 5,
      modRevision: 5,
    });
  put('integer');
  const [first] = (await read('risk')).schemas;
  const [again] = (await read('risk')).schemas;
  put('string');
  const [other] = (await read('risk')).schemas;
  expect(again).toBe(first);
  expect([first!.validator()('x')?.rule, other!.validator()('x')?.rule]).toEqual(['type', undefined]);
});

test('a schema that can no longer be compiled admits nothing', async () => {
  const record = { service_name: 'risk', pattern: 'a', schema: { newKeyword: 1 }, forced: false, version: 1 };
  store.put(recordKey(schemaPath('risk', 'a')), JSON.stringify(record));
  expect(await write(value('a', 1))).toBe('schema_violation');
  expect(await write(schema('a', { type: 'integer' }), value('a', 1))).toBe('committed');
});

test('a service has no more schemas than are read with each of its writes', async () => {
  for (let index = 0; index < 100; index++) await write(schema(`k${index}`, true));
  expect(await write(schema('one', true))).toBe('invalid_request');
  expect(await write(schema('k7', { type: 'integer' }))).toBe('committed');
});
