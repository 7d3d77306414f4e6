import type { BatchChange, Json } from '@quantivista/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { openTrail, type Trail } from '../faults/trail.ts';
import { type Api, createApi } from '../harness/api.ts';
import { type Centre, startCentre } from '../harness/centre.ts';

const environment = 'PRODUCTION';
let centre: Centre;
let postgres: Component;
let authority: Component;
let trail: Trail;
let api: Api;
/** Each test has a service of its own. */
let service: string;
let count = 0;

beforeAll(async () => {
  centre = await startCentre();
  postgres = centre.postgres;
  authority = centre.authorities[0]!;
  api = createApi({ url: authority.url, token: centre.token, timeoutMs: 60_000 });
  trail = openTrail(postgres.url);
});
afterAll(async () => {
  await trail.close();
  await centre.stop();
});
beforeEach(async () => {
  service = `service-${++count}`;
  if (!authority.running) await authority.start();
});

const place = () => ({ environment, service_name: service }) as const;
const values = async (query = {}) => (await api.list(service, { query })).body;
const settled = () =>
  until(async () => (await trail.pending()) === 0, { what: 'every intent to have an outcome' });

/** Many keys, in batches; answers the last revision. */
async function setMany(keys: number, value: (index: number) => Json): Promise<number> {
  let revision = 0;
  for (let from = 0; from < keys; from += 100) {
    const changes = Array.from({ length: Math.min(100, keys - from) }, (_, index) => ({
      op: 'set' as const,
      ...place(),
      config_key: `key_${from + index}`,
      new_value: value(from + index),
    }));
    const answer = await api.batch(changes as BatchChange[]);
    expect(answer.status, JSON.stringify(answer.problem)).toBe(200);
    revision = answer.revision;
  }
  return revision;
}

describe('the past of a key', () => {
  test('a version is the configuration that was stored, before and after it was deleted', async () => {
    const first = await api.put(service, 'k', 1, { body: { description: 'one' } });
    const second = await api.put(service, 'k', [2]);
    const deleted = await api.del(service, 'k');
    const third = await api.put(service, 'k', null);

    const at = (query: Record<string, string | number>) => api.get(service, 'k', { query });
    expect((await at({ version: 1 })).body).toEqual(first.body);
    expect((await at({ version: 2 })).body).toEqual(second.body);
    expect((await at({ version: 3 })).problem).toMatchObject({
      status: 404,
      type: 'urn:quantivista:problem:configuration_not_found',
    });
    expect((await at({ version: 4 })).body).toEqual(third.body);
    expect((await at({ version: 5 })).problem.type).toBe('urn:quantivista:problem:version_not_found');
    expect((await at({ at: first.revision })).body).toEqual(first.body);
    expect((await at({ at: second.revision })).body).toEqual(second.body);
    expect((await at({ at: second.body.updated_at })).body).toEqual(second.body);
    expect((await at({ at: deleted.revision })).status).toBe(404);
    expect((await at({ at: third.revision })).body).toEqual(third.body);
  });

  test.each([
    [{ at: '999999999' }, 409, 'query.at'],
    [{ at: '1' }, 404, 'query.at'],
    [{ at: '1999-01-01T00:00:00Z' }, 404, 'query.at'],
    [{ at: '2999-01-01T00:00:00Z' }, 400, 'query.at'],
    [{ at: 'yesterday' }, 400, 'query.at'],
    [{ at: '5', version: 1 }, 400, 'query.version'],
    [{ version: 0 }, 400, 'query.version'],
  ])('%j is refused', async (query, status, field) => {
    await api.put(service, 'k', 1);
    const { problem } = await api.get(service, 'k', { query });
    expect(problem.status).toBe(status);
    expect(problem.errors?.map(each => each.field)).toEqual([field]);
  });
});

test('history tells the commits of a service, newest first and page by page, and of rollbacks what they restored', async () => {
  const first = await api.put(service, 'a', 1, { body: { reason: 'begin' } });
  await api.put(service, 'b', null);
  await api.put(service, 'a', 2);
  await api.del(service, 'a');
  await api.rollback({ ...place(), config_keys: ['a', 'b'], revision: first.revision, reason: 'back' });

  const { body } = await api.history({ service_name: service, limit: 2 });
  expect(body.commits).toMatchObject([
    {
      updated_by: 'admin',
      reason: 'back',
      changes: [
        { config_key: 'a', change: 'added', new_value: 1, version: 4, restored_version: 1 },
        { config_key: 'b', change: 'removed', old_value: null, version: 2, restored_version: 0 },
      ],
    },
    { changes: [{ config_key: 'a', change: 'removed', old_value: 2, version: 3 }] },
  ]);
  const next = await api.history({ service_name: service, limit: 10, before: body.next_before! });
  expect(
    next.body.commits.map(each => each.changes.map(({ old_value, new_value }) => [old_value, new_value])),
  ).toEqual([[[1, 2]], [[undefined, null]], [[undefined, 1]]]);
  expect(next.body.commits.at(-1)).toMatchObject({ reason: 'begin', at: first.body.updated_at });
  const ofB = await api.history({ service_name: service, key_prefix: 'b' });
  expect(ofB.body.commits.map(each => each.changes.length)).toEqual([1, 1]);
});

test('differences between points, versions and environments', async () => {
  const first = await api.put(service, 'a', 1);
  await api.put(service, 'a', 2);
  await api.put(service, 'b', { x: 1 });
  await api.put(service, 'a', 3, { environment: 'STAGING' });
  const diff = async (query: Record<string, string | number>) =>
    (await api.diff({ service_name: service, ...query })).body;

  expect(await diff({ from: first.revision })).toMatchObject({
    from: { revision: first.revision },
    totals: { added: 1, changed: 1, removed: 0, unchanged: 0 },
    entries: [
      { config_key: 'a', change: 'changed', old_value: 1, new_value: 2 },
      { config_key: 'b', change: 'added', new_value: { x: 1 } },
    ],
  });
  expect((await diff({ config_key: 'a', from: 'v2', to: 'v1' })).entries).toMatchObject([
    { change: 'changed', old_value: 2, new_value: 1 },
  ]);
  expect((await diff({ from: 'present', to_environment: 'STAGING' })).entries).toMatchObject([
    { environment: 'STAGING', config_key: 'a', old_value: 2, new_value: 3 },
    { environment: 'STAGING', config_key: 'b', change: 'removed' },
  ]);
  const { problem } = await api.diff({ service_name: service, from: 'v1' });
  expect([problem.status, problem.errors?.[0]?.field]).toEqual([400, 'query.from']);
});

test('a preview changes nothing, and what was previewed is what is done, or refused where it is stale', async () => {
  const first = await api.put(service, 'a', 1);
  await api.put(service, 'a', 2);
  const back = { ...place(), revision: first.revision };
  const preview = await api.rollback({ ...back, preview: true });
  expect(preview.body).toMatchObject({
    preview: true,
    changes: [
      { config_key: 'a', old_value: 2, new_value: 1, from_version: 2, restored_version: 1, new_version: 3 },
    ],
  });
  expect(await values()).toEqual({ a: 2 });

  await api.put(service, 'b', 1);
  const stale = await api.rollback({ ...back, expected_revision: preview.body.revision });
  expect([stale.status, stale.problem.config_key]).toEqual([409, 'b']);
  const again = await api.rollback({ ...back, preview: true });
  expect((await api.rollback({ ...back, expected_revision: again.body.revision })).status).toBe(200);
  expect(await values()).toEqual({ a: 1 });
  expect((await api.rollback(back)).body).toMatchObject({ changes: [], transactions: 0 });
});

test('a change marked as final is named, and undone by force alone', async () => {
  const first = await api.put(service, 'a', 1);
  await api.put(service, 'a', 2, { body: { rollback_available: false } });
  await api.put(service, 'a', 3);
  const back = { ...place(), revision: first.revision };
  const { problem } = await api.rollback(back);
  expect(problem).toMatchObject({ status: 409, final: [{ config_key: 'a', versions: [2] }] });
  expect((await api.rollback({ ...back, force: true })).status).toBe(200);
  expect(await values()).toEqual({ a: 1 });
});

test('a service of 500 keys goes back to a time, and back again', async () => {
  await setMany(500, index => `first ${index}`);
  const before = await values();
  const time = (await api.history({ service_name: service, limit: 1 })).body.commits[0]!.at;
  await setMany(550, index => `second ${index}`);
  await api.del(service, 'key_7');
  const after = await values();
  const newest = (await api.history({ service_name: service, limit: 1 })).body.commits[0]!;
  expect(await values({ at: time })).toEqual(before);

  const back = { ...place(), time };
  const refused = await api.rollback(back);
  expect([refused.status, refused.problem.errors?.[0]?.field]).toEqual([400, 'body.atomic']);
  expect(await values()).toEqual(after);

  const done = await api.rollback({ ...back, atomic: false });
  expect(done.body).toMatchObject({ transactions: 5 });
  expect(done.body.changes).toHaveLength(550);
  expect(await values()).toEqual(before);
  expect((await api.diff({ service_name: service, from: time })).body.totals).toMatchObject({
    unchanged: 500,
    added: 0,
  });
  const forth = await api.rollback({ ...place(), revision: newest.revision, atomic: false });
  expect(forth.status).toBe(200);
  expect(await values()).toEqual(after);
});

test('killed in the midst of a rollback in parts: what is recorded is whole, and the same request does the rest', async () => {
  const first = await setMany(300, index => index);
  const before = await values();
  await setMany(300, index => -index - 1);
  const back = { ...place(), revision: first, atomic: false };
  const lost = api.rollback(back).catch(() => 'lost');
  await until(async () => Object.values(await values()).some(value => (value as number) >= 0), {
    what: 'the first part',
    intervalMs: 1,
  });
  await authority.kill();
  await lost;
  await authority.start();
  await settled();
  // Each part is there whole or not at all, and on record.
  const history = await until(
    async () => {
      const answer = await api.history({ service_name: service, limit: 100 });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.problem));
      return answer;
    },
    { what: 'the trail to be told after the start' },
  );
  const parts = history.body.commits.filter(each => each.reason.startsWith('rollback'));
  expect(parts.length).toBeGreaterThan(0);
  const restored = Object.values(await values()).filter(value => (value as number) >= 0).length;
  expect(parts.reduce((sum, each) => sum + each.changes.length, 0)).toBe(restored);

  const rest = await api.rollback(back);
  expect(rest.body.changes).toHaveLength(300 - restored);
  expect(await values()).toEqual(before);
});

test('the state at every revision is what a model says; a rollback leads there, and can be rolled back', async () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const value = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 2 }), fc.constantFrom('x', ''));
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ key, value: value as fc.Arbitrary<Json> }) },
    { weight: 1, arbitrary: fc.record({ key }) },
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 2, maxLength: 12 }),
      fc.nat(),
      fc.nat(),
      async (steps, first, second) => {
        const name = `${service}-${run++}`;
        const model: Record<string, Json> = {};
        const states: { revision: number; values: Record<string, Json> }[] = [];
        for (const each of steps) {
          const to = 'value' in each ? (each.value as Json) : undefined;
          const answer = to === undefined ? await api.del(name, each.key) : await api.put(name, each.key, to);
          if (answer.status === 404) continue;
          expect(answer.status).toBeLessThan(300);
          if (to === undefined) delete model[each.key];
          else model[each.key] = to;
          states.push({ revision: answer.revision, values: { ...model } });
        }
        fc.pre(states.length > 0);
        const goTo = async (choice: number) => {
          const { revision, values: wanted } = states[choice % states.length]!;
          const back = await api.rollback({ environment, service_name: name, revision });
          expect(back.status, JSON.stringify(back.problem)).toBe(200);
          expect((await api.list(name)).body).toEqual(wanted);
          const diff = await api.diff({ service_name: name, from: revision });
          expect(diff.body.entries).toEqual([]);
          if (back.body.changes.length > 0) states.push({ revision: back.revision, values: wanted });
        };
        await goTo(first);
        await goTo(second);
        await goTo(states.length - 1);
        for (const { revision, values: wanted } of states) {
          expect((await api.list(name, { query: { at: revision } })).body).toEqual(wanted);
        }
      },
    ),
    { numRuns: 12 },
  );
});
