import {
  deletedKey,
  FeatureFlag,
  FeatureFlagUpdate,
  FLAGS_PREFIX,
  flagPath,
  GENERATION_KEY,
  type Json,
  SEGMENTS_PREFIX,
  Segment,
  type ServiceError,
  segmentPath,
} from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { createMemoryAudit } from '../../test/memory-audit.ts';
import { createMemoryEtcd } from '../../test/memory-etcd.ts';
import { createWriter } from './commit.ts';
import { setConfiguration } from './configuration.ts';
import { deleteFlag, setFlag } from './flag.ts';
import { checkFlags, createFlagRule } from './flag-rule.ts';
import type { RequestedChange, WriteRequest } from './request.ts';
import type { PlannedChange } from './rule.ts';

const flag = (name: string, more: object = {}) =>
  FeatureFlag.parse({ flag_name: name, enabled: true, rollout_percentage: 100, ...more });
const needs = (...names: string[]) => ({ prerequisites: names.map(name => ({ flag: name })) });
const held = (flags: FeatureFlag[], segments: string[] = []) => ({
  flags: new Map(flags.map(each => [each.flag_name, each])),
  segments: new Map(
    segments.map(name => [name, Segment.parse({ segment_name: name, conditions: { a: 1 } })]),
  ),
});
const planned = (path: PlannedChange['path'], after: object | undefined, field = 'body'): PlannedChange =>
  ({ path, field, before: undefined, after, version: 1 }) as PlannedChange;
const put = (of: FeatureFlag, field?: string) => planned(flagPath(of.flag_name), of, field);
const gone = (name: string) => planned(flagPath(name), undefined, 'path');
const refusal = (...of: Parameters<typeof checkFlags>) => {
  try {
    checkFlags(...of);
    return undefined;
  } catch (error) {
    const { code, details } = error as ServiceError;
    const errors = details.errors as { field: string }[] | undefined;
    return [code, errors?.map(({ field }) => field) ?? details.flags];
  }
};

test('what a written flag refers to must be there', () => {
  expect(refusal(held([]), [put(flag('a', needs('b')))])).toEqual([
    'invalid_request',
    ['body.prerequisites.0.flag'],
  ]);
  expect(refusal(held([]), [put(flag('a', { conditions: { $segment: 's' } }))])).toEqual([
    'invalid_request',
    ['body.conditions.$segment'],
  ]);
  expect(
    refusal(held([flag('b')], ['s']), [put(flag('a', { ...needs('b'), conditions: { $segment: 's' } }))]),
  ).toBe(undefined);
  expect(refusal(held([]), [put(flag('a', needs('b'))), put(flag('b'))])).toBe(undefined);
});

test('what others refer to is not taken from them', () => {
  const state = held([flag('a', { ...needs('b'), conditions: { $segment: 's' } }), flag('b')], ['s']);
  expect(refusal(state, [gone('b')])).toEqual(['in_use', ['a']]);
  expect(refusal(state, [planned(segmentPath('s'), undefined)])).toEqual(['in_use', ['a']]);
  expect(refusal(state, [put(flag('b', { archived: true }))])).toEqual(['in_use', ['a']]);
  const renamed = flag('b', { variants: { yes: true, no: false }, default_variant: 'yes' });
  expect(refusal(state, [put(renamed)])).toEqual(['in_use', ['a']]);
  expect(refusal(state, [gone('b'), gone('a')])).toBe(undefined);
});

test('circles are refused where they are closed', () => {
  const state = held([flag('a', needs('b')), flag('b', needs('c')), flag('c')]);
  expect(refusal(state, [put(flag('c', needs('a')))])).toEqual(['invalid_request', ['body.prerequisites']]);
});

test('faults that are there already keep nobody from writing', () => {
  const state = held([flag('broken', needs('nowhere')), flag('a')]);
  expect(refusal(state, [put(flag('a', { description: 'x' }))])).toBe(undefined);
  expect(refusal(state, [put(flag('a', needs('broken')))])).toBe(undefined);
});

async function open() {
  const store = createMemoryEtcd();
  store.put(GENERATION_KEY, '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11');
  const { audit } = createMemoryAudit();
  const writer = createWriter({
    etcd: store.etcd,
    audit,
    faultPoint: () => {},
    rules: [createFlagRule(store.etcd)],
  });
  const request = (...changes: RequestedChange[]): WriteRequest => ({
    changes,
    actor: 'ana',
    reason: '',
    rollbackAvailable: true,
  });
  return { store, writer, request };
}
const ON = { field: 'body' };

test('a write that another overtakes is checked again: deletion is seen too', async () => {
  const { store, writer, request } = await open();
  await writer.write(request(setFlag('b', {}, ON)));
  let deleted = false;
  store.intercept = (txn, carryOut) => {
    const wants = txn.success.some(each => each.op === 'put' && each.key === `${FLAGS_PREFIX}a`);
    if (wants && !deleted) {
      deleted = true;
      // As another writer deletes it: with its last version in the document of deleted ones.
      store.entries.delete(`${FLAGS_PREFIX}b`);
      store.put(deletedKey(flagPath('b')), '{"b":2}');
    }
    return carryOut();
  };
  await expect(writer.write(request(setFlag('a', FeatureFlagUpdate.parse(needs('b')), ON)))).rejects.toThrow(
    'there is no flag b',
  );
  expect(deleted).toBe(true);
  expect(store.value(`${FLAGS_PREFIX}a`)).toBeUndefined();
});

test('a segment that is put meanwhile is seen, what is no flag is no matter', async () => {
  const { store, writer, request } = await open();
  let attempts = 0;
  store.intercept = (txn, carryOut) => {
    if (txn.success.some(each => each.key === `${FLAGS_PREFIX}a`)) attempts++;
    if (attempts === 1) store.put(`${SEGMENTS_PREFIX}s`, '{"segment_name":"s","conditions":{}}');
    return carryOut();
  };
  await writer.write(request(setFlag('a', {}, ON)));
  expect(attempts).toBe(2);
  attempts = 0;
  const path = { environment: 'TEST', service: 'risk', key: 'a' } as const;
  const { plan } = await writer.write(request(setConfiguration(path, { value: 1 as Json }, ON)));
  expect(plan.txn.compare.some(each => 'below' in each)).toBe(false);
  await writer.write(request(deleteFlag('a', ON)));
  expect(store.value(`${FLAGS_PREFIX}a`)).toBeUndefined();
});
