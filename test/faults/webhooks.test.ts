/** Events reach every webhook, each key's in order, whatever its receiver or the authority goes through. */

import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CloudEvent,
  type DeadLetterList,
  type EventList,
  GENERATION_KEY,
  type WebhookStatus,
  type WebhookTestResult,
  type WebhookWritten,
} from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createRedisServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { type Api, createApi } from '../harness/api.ts';
import { type Centre, startCentre } from '../harness/centre.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { createReceiver, type Receiver } from '../harness/webhook-receiver.ts';

const KEYS = 100;
const PATIENCE = { timeoutMs: 100_000 };

let centre: Centre;
let etcd: Component;
let postgres: Component;
let redis: Component;
let authorities: readonly Component[];
let api: Api;
let apis: Api[];
/** Each test has a service and receivers of its own. */
let service: string;
let count = 0;
const receivers: Receiver[] = [];

beforeAll(async () => {
  centre = await startCentre({
    authorities: 2,
    env: async ({ dir, ports }) => {
      if (!redis) {
        redis = createRedisServer({ name: 'redis', dir, port: await ports.next() });
        await redis.start();
      }
      return {
        CENTRE_REDIS_URL: redis.url,
        EVENTS_INTERVAL_MS: '20',
        WEBHOOK_ALLOW: '127.0.0.1/32',
        WEBHOOK_TIMEOUT_MS: '1000',
        WEBHOOK_FIRST_RETRY_MS: '20',
        WEBHOOK_MAX_RETRY_MS: '200',
      };
    },
  });
  ({ etcd, postgres, authorities } = centre);
  apis = authorities.map(({ url }) => createApi({ url, token: centre.token }));
  api = apis[0]!;
});
afterAll(async () => {
  await centre.stop();
  await redis.stop();
});
beforeEach(async () => {
  service = `service-${++count}`;
  for (const authority of authorities) if (!authority.running) await authority.start();
});
afterEach(async () => {
  await Promise.all(receivers.splice(0).map(receiver => receiver.close()));
  const { body } = await api.request<{ webhooks: { name: string }[] }>('GET', '/api/v1/webhooks');
  for (const { name } of body.webhooks) await api.request('DELETE', `/api/v1/webhooks/${name}`);
});

/** A webhook for this test's service, and its receiver. */
async function hook(name: string, more: Record<string, unknown> = {}) {
  const receiver = await createReceiver();
  receivers.push(receiver);
  const written = await put(name, { url: receiver.url, ...more });
  expect(written.status).toBe(200);
  receiver.secrets = [written.body.secret!];
  return receiver;
}
const put = (name: string, body: Record<string, unknown>) =>
  api.request<WebhookWritten>('PUT', `/api/v1/webhooks/${name}`, {
    body: { services: [service], types: ['configuration_updated'], ...body },
  });
const statusOf = async (name: string) =>
  (await api.request<WebhookStatus>('GET', `/api/v1/webhooks/${name}/status`)).body;
const deadLettersOf = async (name: string) =>
  (await api.request<DeadLetterList>('GET', `/api/v1/webhooks/${name}/dead-letters`)).body.dead_letters;

/** Change all keys together, `times` times. */
async function change(times: number, keys = KEYS, at = api): Promise<void> {
  for (let time = 1; time <= times; time++) {
    const changes = Array.from({ length: keys }, (_, index) => ({
      op: 'set' as const,
      environment: 'PRODUCTION' as const,
      service_name: service,
      config_key: `key-${index}`,
      new_value: time,
    }));
    await until(async () => (await at.batch(changes)).status === 200, { what: 'a write', ...PATIENCE });
  }
}

const updateOf = (event: CloudEvent) => event.data.configuration_updated!;
/** Every version of every key has come, and for each key no version before one that precedes it. */
function expectAll(receiver: Receiver, versions: number, keys = KEYS): void {
  expect(receiver.forged).toBe(0);
  const came = new Map<string, number[]>();
  for (const event of receiver.taken.values()) {
    const { config_key, version } = updateOf(event);
    came.set(config_key!, [...(came.get(config_key!) ?? []), version]);
  }
  expect(came.size).toBe(keys);
  const inOrder = Array.from({ length: versions }, (_, index) => index + 1);
  for (const [key, versionsOfKey] of came) expect(versionsOfKey, key).toEqual(inOrder);
}
const arrival = (receiver: Receiver, events: number) =>
  until(() => receiver.taken.size >= events, { what: `${events} events`, ...PATIENCE });

test('an event has the shape of the mission, in a CloudEvent', async () => {
  const receiver = await hook('shape');
  await api.put(service, 'limit', 1, { body: { reason: 'first' } });
  await api.put(service, 'limit', { max: 2 });
  await api.del(service, 'limit');
  await arrival(receiver, 3);
  const [first, second, third] = [...receiver.taken.values()];
  expect(first).toEqual({
    specversion: '1.0',
    id: expect.any(String),
    source: 'urn:quantivista:authority',
    type: 'com.quantivista.config.configuration_updated.v1',
    subject: `PRODUCTION/${service}/limit`,
    time: expect.any(String),
    datacontenttype: 'application/json',
    generation: expect.any(String),
    revision: expect.stringMatching(/^\d+$/),
    sequence: expect.stringMatching(/^\d+$/),
    data: {
      event_id: first!.id,
      timestamp: first!.time,
      configuration_updated: {
        config_key: 'limit',
        service_name: service,
        environment: 'PRODUCTION',
        old_value: null,
        new_value: 1,
        updated_by: 'admin',
        reason: 'first',
        version: 1,
        deleted: false,
        rollback_available: true,
        affected_instances: [],
        affected_instances_truncated: false,
      },
    },
  });
  expect(updateOf(second!)).toMatchObject({ old_value: 1, new_value: { max: 2 }, version: 2 });
  expect(updateOf(third!)).toMatchObject({
    old_value: { max: 2 },
    new_value: null,
    deleted: true,
    version: 3,
  });
});

test('receivers that fail, hang, are slow, or are down for 10,000 events end with every event, in order', async () => {
  const steady = await hook('steady');
  const failing = await hook('failing');
  const hanging = await hook('hanging');
  const slow = await hook('slow');
  const down = await hook('down');
  let asked = 0;
  failing.answer = response => void response.writeHead(asked++ % 5 === 0 ? 500 : 200).end('x'.repeat(1_000));
  hanging.answer = response => {
    // Never answers these; the connection stays open.
    if (hanging.messages.length % 500 !== 1) response.writeHead(204).end();
  };
  slow.answer = response => void setTimeout(() => response.writeHead(204).end(), 10);
  await down.close();

  await change(100);
  await until(async () => (await statusOf('down')).failures > 0, {
    what: 'the failures to be known',
    ...PATIENCE,
  });
  const waiting = await statusOf('down');
  expect(waiting.lag).toBeGreaterThan(5_000);
  expect(waiting.waiting).toBeLessThan(1_000);
  expect(waiting.last_error).toMatch(/ECONNREFUSED/);
  await down.open();
  for (const receiver of [steady, failing, hanging, slow, down]) {
    await arrival(receiver, 10_000);
    expectAll(receiver, 100);
  }
  await until(async () => (await statusOf('down')).lag === 0, { what: 'the cursor to be saved' });
  expect(await statusOf('down')).toMatchObject({
    state: 'delivering',
    waiting: 0,
    dead_letters: 0,
    failures: 0,
  });
}, 400_000);

test('authorities killed in the middle of it: nothing is missed, nothing overtaken', async () => {
  const receiver = await hook('survivor');
  receiver.answer = response => void setTimeout(() => response.writeHead(204).end(), 2);
  const writing = (async () => {
    for (let round = 0; round < 20; round++) await change(1, KEYS, apis[round % 2]);
  })();
  for (const [index, events] of [200, 600, 1_000, 1_400].entries()) {
    await arrival(receiver, events);
    await authorities[index % 2]!.restart();
  }
  await writing;
  // A write whose answer was lost was made again: the versions are counted in the list of events.
  await until(async () => (await statusOf('survivor')).lag === 0, {
    what: 'everything to be delivered',
    ...PATIENCE,
  });
  const versions = (await api.get(service, 'key-0')).body.version;
  await arrival(receiver, versions * KEYS);
  expectAll(receiver, versions);
}, 400_000);

test('one key that is refused does not hold up the others, and is a dead letter in the end', async () => {
  for (const authority of authorities) await authority.restart({ env: { WEBHOOK_GIVE_UP_MS: '300' } });
  const receiver = await hook('picky');
  receiver.answer = (response, event) =>
    void response.writeHead(event.subject.endsWith('/key-3') ? 422 : 204).end();
  await change(3, 10);
  await arrival(receiver, 27);
  const dead = await until(
    async () => {
      const letters = await deadLettersOf('picky');
      return letters.length === 3 ? letters : undefined;
    },
    { what: 'the dead letters' },
  );
  expect(new Set(dead.map(({ subject }) => subject))).toEqual(new Set([`PRODUCTION/${service}/key-3`]));
  expect(dead[0]!.last_error).toBe('it answered 422');
  const replay = (body: object) =>
    api.request<{ events: number }>('POST', '/api/v1/webhooks/picky/replay', { body });
  expect((await replay({ dead_letters: 999_999_999 })).status).toBe(400);
  receiver.answer = response => void response.writeHead(204).end();
  expect((await replay({ dead_letters: dead[0]!.sequence })).body).toEqual({ events: 1 });
  await arrival(receiver, 28);
  expect((await replay({ dead_letters: 'all' })).body).toEqual({ events: 2 });
  await arrival(receiver, 30);
  expectAll(receiver, 3, 10);
  await until(async () => (await statusOf('picky')).dead_letters === 0, {
    what: 'no dead letter to be left',
  });

  // And everything again, from the first event of this test on.
  const first = Math.min(...[...receiver.taken.values()].map(({ sequence }) => Number(sequence)));
  const before = receiver.messages.length;
  expect((await replay({ from_sequence: first })).body.events).toBeGreaterThanOrEqual(30);
  await until(() => receiver.messages.length >= before + 30, { what: 'the events again' });
  expect(receiver.taken.size).toBe(30);
  for (const authority of authorities) await authority.restart();
});

test('Retry-After is honoured, 410 disables, redirects are not followed', async () => {
  const elsewhere = await createReceiver();
  receivers.push(elsewhere);
  const receiver = await hook('moody');
  const times: number[] = [];
  receiver.answer = response => {
    times.push(performance.now());
    if (times.length === 1) response.writeHead(429, { 'retry-after': '1' }).end();
    else if (times.length === 2) response.writeHead(307, { location: elsewhere.url }).end();
    else response.writeHead(410).end();
  };
  await api.put(service, 'a', 1);
  const { note } = await until(
    async () => {
      const { body } = await api.request<WebhookWritten>('GET', '/api/v1/webhooks/moody');
      return body.enabled ? undefined : body;
    },
    { what: 'the webhook to be disabled' },
  );
  expect(note).toMatch(/410/);
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
  expect(elsewhere.messages).toEqual([]);
  receiver.answer = response => void response.writeHead(204).end();
  await put('moody', { url: receiver.url });
  await arrival(receiver, 1);
});

test('secrets are shown once, rotated with an overlap, and in no store', async () => {
  const receiver = await hook('signed');
  const [first] = receiver.secrets as [string];
  expect((await put('signed', { url: receiver.url })).body.secret).toBeUndefined();
  const second = (await put('signed', { url: receiver.url, rotate_secret: true })).body.secret!;
  expect(second).toMatch(/^whsec_/);
  for (const secrets of [[first], [second]]) {
    receiver.secrets = secrets;
    const { body } = await api.request<WebhookTestResult>('POST', '/api/v1/webhooks/signed/test', {
      body: {},
    });
    expect(body).toMatchObject({ delivered: true, status: 204, error: null });
  }
  expect(receiver.forged).toBe(0);
  expect(receiver.messages.map(({ type }) => type)).toEqual(Array(2).fill('com.quantivista.config.ping.v1'));

  expect(statSync(join(centre.dir, 'webhook-key')).mode & 0o777).toBe(0o600);
  const store = createEtcd({ hosts: [etcd.url] });
  const listed = await store.list({ prefix: '/' });
  store.close();
  const { body: events } = await api.request<EventList>('GET', '/api/v1/events?limit=500');
  const hidden = JSON.stringify([listed, events, (await api.request('GET', '/api/v1/webhooks')).body]);
  for (const secret of [first, second]) expect(hidden).not.toContain(secret.slice('whsec_'.length));
});

test('a target that is not public is refused, when it is set and when it is connected to', async () => {
  for (const url of [
    'http://10.0.0.1/',
    'http://[::ffff:10.0.0.1]/',
    'http://localhost.:80/',
    'https://u:p@example.com/',
  ]) {
    const { status, problem } = await put('inward', { url });
    expect([url, status]).toEqual([url, 400]);
    expect(problem.errors?.[0]?.field).toBe('body.url');
  }
  // Its name leads to ::1 or 127.0.0.1: the one is allowed here, of the other it depends on the machine.
  const { status } = await put('inward', { url: 'http://0x0a000001/' });
  expect(status).toBe(400);
  expect((await api.request('GET', '/api/v1/webhooks/inward')).status).toBe(404);
});

test('the list of events is whole; the stream at the centre has the same, and survives its Redis', async () => {
  /** Sequences of all events, once those of this test are among them. */
  const sequences = async () => {
    const listed: number[] = [];
    let mine = 0;
    for (let after = 0; ; ) {
      const { body } = await api.request<EventList>('GET', `/api/v1/events?after=${after}&limit=500`);
      if (body.events.length === 0) return mine === 100 ? listed : [];
      listed.push(...body.events.map(({ sequence }) => Number(sequence)));
      mine += body.events.filter(({ subject }) => subject.startsWith(`PRODUCTION/${service}/`)).length;
      after = body.next_after;
    }
  };
  const newest = async () =>
    Number(
      /(\d+)-0/.exec(
        await redisCommand(redis, 'XREVRANGE', '{qv:centre}:events', '+', '-', 'COUNT', '1'),
      )?.[1],
    );
  const length = async () => Number(/\d+/.exec(await redisCommand(redis, 'XLEN', '{qv:centre}:events'))![0]);
  await change(2, 50);
  const known = await until(
    async () => {
      const listed = await sequences();
      return (await newest()) === listed.at(-1) ? listed : undefined;
    },
    { what: 'the stream to have the newest event', ...PATIENCE },
  );
  expect(known).toEqual(Array.from({ length: known.length }, (_, index) => index + 1));
  expect(await length()).toBe(known.length);
  await redisCommand(redis, 'FLUSHALL');
  await change(1, 10);
  await until(async () => (await newest()) === known.length + 10, {
    what: 'the stream to go on',
    ...PATIENCE,
  });
  expect(await length()).toBe(10);
});

test('events of a store that was replaced are not lost', async () => {
  const receiver = await hook('lasting');
  const store = createEtcd({ hosts: [etcd.url] });
  const generation = async () => (await store.read([GENERATION_KEY])).entries[0]?.value;
  const before = await generation();
  // Nobody makes events of this before the store is gone.
  for (const authority of authorities) await authority.restart({ env: { EVENTS_INTERVAL_MS: '600000' } });
  await change(2, 5);
  await etcd.kill();
  etcd.wipe();
  await etcd.start();
  await until(async () => ((await generation()) ?? before) !== before, { what: 'another generation' });
  store.close();
  for (const authority of authorities) await authority.restart();
  await change(1, 5);
  // Webhooks were in the store that is gone.
  await put('lasting', { url: receiver.url });
  const seen = await until(
    async () => {
      const { body } = await api.request<EventList>('GET', '/api/v1/events?after=0&limit=1');
      const from = Math.max(0, body.last - 100);
      const page = await api.request<EventList>('GET', `/api/v1/events?after=${from}&limit=500`);
      const mine = page.body.events.filter(event => updateOf(event)?.service_name === service);
      return mine.length >= 15 ? mine : undefined;
    },
    { what: 'the events of both generations', ...PATIENCE },
  );
  expect(seen.map(event => event.generation === before)).toEqual([
    ...Array(10).fill(true),
    ...Array(5).fill(false),
  ]);
});

test('what has no row in the trail is an event too, once', async () => {
  const receiver = await hook('findings', { types: ['audit_finding'], services: [] });
  const id = randomUUID();
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const finding = { kind: 'foreign_change', details: { key: 'x' } };
  const values = [id, randomUUID(), 7, 'audit_finding', `findings/${id}`, 'PRODUCTION', null, finding];
  try {
    for (let time = 0; time < 2; time++)
      await client.query('SELECT append_event($1, $2, $3, $4, $5, $6, $7, $8)', values);
  } finally {
    await client.end();
  }
  await arrival(receiver, 1);
  const [event] = receiver.taken.values();
  expect(event).toMatchObject({
    id,
    type: 'com.quantivista.config.audit_finding.v1',
    subject: `findings/${id}`,
    data: { event_id: id, audit_finding: { kind: 'foreign_change' } },
  });
  const { body } = await api.request<EventList>('GET', `/api/v1/events?after=${Number(event!.sequence) - 1}`);
  expect(body.events.filter(({ type }) => type === event!.type)).toHaveLength(1);
  expect(receiver.forged).toBe(0);
});
