import { join } from 'node:path';
import { configurationKey, flagPath, GENERATION_KEY, recordKey, schemaPath } from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../apps/authority/src/write/commit.ts';
import { setConfiguration } from '../../apps/authority/src/write/configuration.ts';
import { createOperationId } from '../../apps/authority/src/write/operation-id.ts';
import { keysOf, plan } from '../../apps/authority/src/write/plan.ts';
import { resolveOperation } from '../../apps/authority/src/write/resolve.ts';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { type Centre, startCentre } from '../harness/centre.ts';
import { createFaultFile, type FaultFile } from '../harness/fault-file.ts';
import { createLink, type Link } from '../harness/link.ts';
import { openTrail, type Trail } from './trail.ts';
import { trailAgrees } from './trail-agrees.ts';

let centre: Centre;
let etcd: Component;
let postgres: Component;
let authority: Component;
/** Between the authority and etcd. */
let link: Link;
let store: Etcd;
let trail: Trail;
let token: string;
let fault: FaultFile;
/** Each test has a service of its own. */
let service: string;
let count = 0;

beforeAll(async () => {
  centre = await startCentre({
    env: async ({ dir, etcd }) => {
      link = await createLink(etcd.port);
      fault = createFaultFile(join(dir, 'fault-point'));
      return { ETCD_URLS: link.url, ...fault.env };
    },
  });
  ({ etcd, postgres, token } = centre);
  authority = centre.authorities[0]!;
  store = createEtcd({ hosts: [etcd.url] });
  trail = openTrail(postgres.url);
});
afterAll(async () => {
  store.close();
  await trail.close();
  await centre.stop();
  await link.close();
});
beforeEach(async () => {
  service = `service-${++count}`;
  if (!authority.running) await authority.start();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${authority.url}/api/v1/config/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : {} };
}
const set = (key: string, value: unknown) =>
  call('PUT', `${service}/${key}?environment=TEST`, { new_value: value });
const held = async (key: string) => {
  const path = configurationKey({ environment: 'TEST', service, key });
  return (await store.read([path])).entries[0];
};
const value = async (key: string) => {
  const entry = await held(key);
  return entry === undefined ? undefined : JSON.parse(entry.value);
};

/** What each kind of write does, and how one sees that it did. Keys `a` and `b` are there before, with 1. */
const WRITES: Record<string, { run: () => Promise<Answer>; done: () => Promise<boolean> }> = {
  set: { run: () => set('a', 2), done: async () => (await value('a')).config_value === 2 },
  create: { run: () => set('c', 3), done: async () => (await value('c'))?.config_value === 3 },
  delete: {
    run: () => call('DELETE', `${service}/a?environment=TEST`),
    done: async () => (await held('a')) === undefined,
  },
  batch: {
    run: () =>
      call('POST', 'batch', {
        changes: [
          { op: 'set', environment: 'TEST', service_name: service, config_key: 'a', new_value: 'x' },
          { op: 'delete', environment: 'TEST', service_name: service, config_key: 'b' },
          { op: 'set', environment: 'TEST', service_name: service, config_key: 'd', new_value: null },
        ],
      }),
    done: async () => {
      const [a, b, d] = [await value('a'), await held('b'), await value('d')];
      const parts = [a.config_value === 'x', b === undefined, d !== undefined];
      // A transaction is whole: all of it or nothing.
      expect(new Set(parts).size).toBe(1);
      return parts[0]!;
    },
  },
  flag: {
    run: () => call('PUT', `../feature-flags/${service}`, { enabled: true, rollout_percentage: 5 }),
    done: async () => {
      const [entry] = (await store.read([recordKey(flagPath(service))])).entries;
      return entry !== undefined;
    },
  },
  schema: {
    run: () => call('PUT', `../schemas/${service}/z`, { schema: { type: 'integer' } }),
    done: async () => {
      const [entry] = (await store.read([recordKey(schemaPath(service, 'z'))])).entries;
      return entry !== undefined;
    },
  },
  rollback: {
    run: () =>
      call('POST', 'rollback', { service_name: service, config_key: 'r', environment: 'TEST', version: 1 }),
    done: async () => (await value('r')).version === 3,
  },
};

const expectTrailToAgree = () => trailAgrees(store, trail);
const settled = () =>
  until(async () => (await trail.pending()) === 0, { what: 'every intent to have an outcome' });

describe.each(Object.keys(WRITES))('%s', kind => {
  test.each(FAULT_POINTS)('killed at %s', async point => {
    await set('a', 1);
    await set('b', 1);
    await set('r', 1);
    await set('r', 2);
    await fault.killAt(point, authority, WRITES[kind]!.run);
    await authority.start();
    await settled();

    const committed = point === 'write.after_commit' || point === 'write.after_outcome';
    expect(await WRITES[kind]!.done()).toBe(committed);
    await expectTrailToAgree();
    // The next write goes on from there, with the version that follows.
    const versions = (await call('GET', `${service}/a/versions?environment=TEST`)).body.versions as {
      version: number;
    }[];
    expect((await set('a', 'again')).body.version).toBe((versions[0]?.version ?? 0) + 1);
    await expectTrailToAgree();
  });
});

test('a transaction that comes after recovery has given it up is refused', async () => {
  await set('a', 1);
  const path = { environment: 'TEST', service, key: 'a' } as const;
  const request = {
    changes: [setConfiguration(path, { value: 2 }, { field: 'body' })],
    actor: 'admin',
    reason: '',
    rollbackAvailable: true,
  };
  const generation = (await store.read([GENERATION_KEY])).entries[0]!.value;
  const read = await store.read(keysOf(request));
  const entries = read.entries.filter(entry => entry !== undefined);
  const present = new Map(entries.map(entry => [entry.key, entry]));
  const late = plan({ id: createOperationId(), generation, at: Date.now(), request, held: present });

  expect(await resolveOperation(store, { id: late.id, generation })).toEqual({ status: 'aborted' });
  const result = await store.txn(late.txn);
  expect(result.succeeded).toBe(false);
  expect(result.found[0]?.value).toBe('aborted');
  expect((await value('a')).config_value).toBe(1);
});

test('the answer of etcd is lost: the write is resolved, not guessed', async () => {
  await set('a', 1);
  for (let round = 2; round < 8; round++) {
    const answer = set('a', round);
    link.blockAnswers();
    await until(async () => (await value('a')).config_value === round, {
      what: 'the change',
      timeoutMs: 300,
    }).catch(() => {});
    link.heal();
    const { status, body } = await answer;
    await settled();
    const now = (await value('a')).config_value;
    if (status === 200) expect(now).toBe(round);
    if (body.type === 'urn:quantivista:problem:write_aborted') expect(now).not.toBe(round);
  }
  await expectTrailToAgree();
});

test('Postgres stopped: writes are refused and change nothing, reads go on', async () => {
  await set('a', 1);
  await postgres.kill();
  const answer = await set('a', 2);
  expect(answer.status).toBe(503);
  expect(answer.body.type).toBe('urn:quantivista:problem:audit_unavailable');
  expect((await value('a')).config_value).toBe(1);
  expect((await call('GET', `${service}/a?environment=TEST`)).status).toBe(200);
  expect((await fetch(`${authority.url}/readyz`)).status).toBe(503);
  await postgres.start();
  await until(async () => (await set('a', 3)).status === 200, { what: 'writes to go on' });
  await settled();
  await expectTrailToAgree();
});

test('etcd stopped: writes are refused, and what was under way is resolved', async () => {
  await set('a', 1);
  const writes = Array.from({ length: 20 }, (_, index) => set('a', `x${index}`).catch(() => undefined));
  await etcd.kill();
  const answers = await Promise.all(writes);
  expect((await set('a', 2)).status).toBe(503);
  await etcd.start();
  await until(async () => (await set('b', 1)).status === 200, { what: 'writes to go on' });
  await settled();
  await expectTrailToAgree();
  expect(answers.length).toBe(20);
});

test('a rollback waits until the present version is on record', async () => {
  await set('a', 1);
  await fault.killAt('write.after_commit', authority, () =>
    call('PUT', `${service}/a?environment=TEST`, { new_value: 2, rollback_available: false }),
  );
  // Nobody recovers it for now: whether this version may be rolled back is not known.
  await authority.start({ env: { RECOVER_AFTER_MS: '600000' } });
  const back = () =>
    call('POST', 'rollback', { service_name: service, config_key: 'a', environment: 'TEST', version: 1 });
  expect((await back()).body.type).toBe('urn:quantivista:problem:write_in_doubt');
  await authority.restart();
  await settled();
  expect((await back()).body.type).toBe('urn:quantivista:problem:rollback_unavailable');
  expect((await value('a')).config_value).toBe(2);
  await expectTrailToAgree();
});

test('16 writers of the same key: every acknowledged write is one version, none is lost', async () => {
  await set('n', 0);
  const results = await Promise.all(
    Array.from({ length: 16 }, async (_, writer) => {
      const mine: number[] = [];
      for (let round = 0; round < 5; round++) {
        const { status, body } = await set('n', writer * 100 + round);
        if (status === 200) mine.push(body.version as number);
        else expect(body.type).toBe('urn:quantivista:problem:conflict');
      }
      return mine;
    }),
  );
  const versions = results.flat();
  expect(new Set(versions).size).toBe(versions.length);
  expect((await value('n')).version).toBe(1 + versions.length);
  await settled();
  await expectTrailToAgree();
});

test('etcd wiped: a new life with the same token, and nothing of the old one passes for committed', async () => {
  await set('a', 1);
  const generation = async () => (await store.read([GENERATION_KEY])).entries[0]?.value;
  const before = await generation();
  const writes = Array.from({ length: 8 }, (_, index) => set(`k${index}`, 1).catch(() => undefined));
  await etcd.kill();
  await Promise.all(writes);
  etcd.wipe();
  await etcd.start();
  await until(async () => (await set('a', 2)).status === 200, { what: 'writes to go on' });
  expect(await generation()).not.toBe(before);
  expect(await value('a')).toMatchObject({ config_value: 2, version: 1 });
  await settled();
  await expectTrailToAgree();
});
