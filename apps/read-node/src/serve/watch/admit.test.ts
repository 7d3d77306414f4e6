import { createToken, hashToken } from '@quantivista/access';
import { createScope, TOKENS_PREFIX } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { describe, expect, test } from 'vitest';
import { createHistory } from '../../follow/history.ts';
import { createReplica } from '../../follow/replica.ts';
import { issueTicket } from '../flags/ofrep/tickets.ts';
import { createOrigins } from '../origins.ts';
import { createReadAccess } from '../read-access.ts';
import { type Admission, type AdmitterOptions, createAdmitter, streamTransport } from './admit.ts';
import { GENERATION, OTHER, stateAt } from './hub-under-test.ts';

const request = (target: string, lastEventId: string | null = null, origin: string | null = null) => ({
  transport: streamTransport(target)!,
  target,
  credential: null,
  lastEventId,
  origin,
  address: () => undefined,
});

function start(options: Partial<AdmitterOptions> = {}, hub: Partial<AdmitterOptions['hub']> = {}) {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  replica.replace(stateAt(GENERATION, 10, { risk: 1 }));
  const admitter = createAdmitter({
    replica,
    scope: createScope(),
    access: createReadAccess(replica, 'open'),
    hub: { watchers: 0, draining: false, reconnectWindowMs: () => 10_000, ...hub },
    origins: { topics: createOrigins([]), notices: createOrigins([]) },
    maxWatchers: 10,
    maxAdmissionsPerSecond: 5,
    maxWaitMs: 10,
    ...options,
  });
  const admit = async (target: string, lastEventId?: string) =>
    (await admitter.admit(request(target, lastEventId))) as Admission;
  return { admitter, replica, admit };
}
const PATH = '/api/v1/config/stream';

describe('a page', () => {
  const OURS = 'https://app.example.com';
  const origins = { topics: createOrigins([OURS]), notices: createOrigins([]) };
  const { admitter } = start({ origins });
  const from = (target: string, origin: string | null) => admitter.admit(request(target, null, origin));

  test.each([
    'https://evil.example',
    'null',
    'http://app.example.com',
    `${OURS}.evil.example`,
    `${OURS}:8443`,
    '',
  ])('of %j opens no stream', async origin => {
    for (const target of [`${PATH}?environment=TEST`, '/api/v1/config/watch?environment=TEST'])
      await expect(from(target, origin)).rejects.toMatchObject({ code: 'origin_refused' });
  });
  test('that is allowed does, of what it is allowed for; and so does what is no page', async () => {
    const target = `${PATH}?environment=TEST`;
    for (const origin of [OURS, null]) await expect(from(target, origin)).resolves.toBeDefined();
    await expect(from('/ofrep/v1/events', OURS)).rejects.toMatchObject({ code: 'origin_refused' });
  });
});

describe('a request', () => {
  test('is for a stream by its path alone', () => {
    expect(streamTransport('/api/v1/config/watch')).toBe('websocket');
    expect(streamTransport('/api/v1/config/watch/risk')).toBe('websocket');
    expect(streamTransport('/api/v1/config/watch?environment=TEST')).toBe('websocket');
    expect(streamTransport(`${PATH}/risk`)).toBe('sse');
    expect(streamTransport(`${PATH}?x=1`)).toBe('sse');
    expect(streamTransport('/api/v1/config/watches')).toBeUndefined();
    expect(streamTransport('/api/v1/config/risk')).toBeUndefined();
  });

  test('says what it is about, and from where', async () => {
    const { admit } = start();
    expect(await admit(`${PATH}/risk?environment=test&prefix=a_&instance_id=i`)).toMatchObject({
      topic: { environment: 'TEST', service: 'risk', prefix: 'a_' },
      since: undefined,
      instanceId: 'i',
    });
    const bookmark = { generation: GENERATION, revision: 9 };
    const since = `${PATH}?environment=TEST&since=${GENERATION}:8`;
    expect((await admit(since, `${GENERATION}:9`)).since).toEqual(bookmark);
    expect(await admit(since)).toMatchObject({
      topic: { service: '*' },
      since: { generation: GENERATION, revision: 8 },
    });
  });

  test.each([
    ['/risk', undefined, 'query.environment'],
    ['/risk?environment=MOON', undefined, 'query.environment'],
    ['/Risk!?environment=TEST', undefined, 'path.service_name'],
    ['/risk/more?environment=TEST', undefined, 'path.service_name'],
    ['/?environment=TEST', undefined, 'path.service_name'],
    ['?environment=TEST&prefix=a/b', undefined, 'query.prefix'],
    ['?environment=TEST&prefix=', undefined, 'query.prefix'],
    ['?environment=TEST&min_revision=-1', undefined, 'query.min_revision'],
    ['?environment=TEST&instance_id=', undefined, 'query.instance_id'],
    ['?environment=TEST&since=x', undefined, 'query.since'],
    ['?environment=TEST', 'x', 'header.last-event-id'],
  ])('%s with Last-Event-ID %s is refused by the name of the field', async (rest, lastEventId, field) => {
    const { admit } = start();
    await expect(admit(PATH + rest, lastEventId)).rejects.toMatchObject({
      status: 400,
      details: { errors: [{ field }] },
    });
  });
});

describe('a revision', () => {
  test.each([
    ['min_revision', `min_revision=11`],
    ['the bookmark', `since=${GENERATION}:11`],
  ])('of %s that is ahead is waited for, and then refused', async (_, query) => {
    const { admit, replica } = start();
    await expect(admit(`${PATH}?environment=TEST&${query}`)).rejects.toMatchObject({
      code: 'revision_not_reached',
      details: { generation: GENERATION, revision: 10 },
    });
    const patient = start({ maxWaitMs: 60_000 });
    const waiting = patient.admit(`${PATH}?environment=TEST&${query}`);
    patient.replica.apply({ revision: 11, changes: [] });
    expect(await waiting).toMatchObject({ topic: { environment: 'TEST' } });
    expect(replica.current!.snapshot.revision).toBe(10);
  });

  test('of another generation is not waited for: the stream begins with a reset', async () => {
    const { admit } = start({ maxWaitMs: 60_000 });
    expect((await admit(`${PATH}?environment=TEST&since=${OTHER}:99`)).since?.generation).toBe(OTHER);
  });
});

describe('a stream of notices', () => {
  const EVENTS = '/ofrep/v1/events';

  test('is not for the token itself: that would be written down on its way', async () => {
    const { admit } = start();
    const code = 'token_in_url';
    await expect(admit(`${EVENTS}?token=${createToken()}`)).rejects.toMatchObject({ code });
    await expect(admit(`${EVENTS}?token=eyJhbGciOiJub25lIn0.e30.`)).rejects.toMatchObject({ code });
    await expect(admit(`${PATH}?environment=TEST&access_token=x`)).rejects.toMatchObject({ code });
  });

  test('is for its path alone, and comes as events', () => {
    expect(streamTransport(EVENTS)).toBe('sse');
    expect(streamTransport(`${EVENTS}?token=x`)).toBe('sse');
    expect(streamTransport(`${EVENTS}/x`)).toBeUndefined();
    expect(streamTransport('/ofrep/v1/evaluate/flags')).toBeUndefined();
  });

  test('needs a ticket where reads need a token', async () => {
    const { admit } = start();
    expect(await admit(EVENTS)).toEqual({ tokenHash: undefined });
    const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
    const closed = start({ replica, access: createReadAccess(replica, 'token') });
    await expect(closed.admit(EVENTS)).rejects.toMatchObject({ code: 'not_ready' });
    const hash = hashToken(createToken());
    const entries = [{ key: TOKENS_PREFIX + hash, value: '{"name":"page"}', modRevision: 1 }];
    replica.replace({
      snapshot: buildSnapshot(GENERATION, 10, entries),
      history: createHistory(10, { length: 4 }),
    });
    await expect(closed.admit(EVENTS)).rejects.toMatchObject({ code: 'unauthenticated' });
    const ticket = issueTicket(hash, Math.ceil(Date.now() / 1_000) + 60);
    expect(await closed.admit(`${EVENTS}?token=${ticket}`)).toEqual({ tokenHash: hash });
  });

  test('is not taken back: a node that is behind what was seen waits, and refuses', async () => {
    const { admit } = start();
    expect(await admit(EVENTS, `${GENERATION}:10`)).toEqual({ tokenHash: undefined });
    await expect(admit(EVENTS, `${GENERATION}:11`)).rejects.toMatchObject({ code: 'revision_not_reached' });
    expect(await admit(EVENTS, `${OTHER}:11`)).toEqual({ tokenHash: undefined });
    await expect(admit(EVENTS, 'x')).rejects.toMatchObject({ code: 'invalid_since' });
  });

  test('takes room as any other', async () => {
    await expect(start({}, { watchers: 10 }).admit(EVENTS)).rejects.toMatchObject({ code: 'overloaded' });
    await expect(start({}, { draining: true }).admit(EVENTS)).rejects.toMatchObject({
      code: 'shutting_down',
    });
  });
});

describe('too many', () => {
  const TARGET = `${PATH}?environment=TEST`;

  test('at once are refused, those who wait among them', async () => {
    const { admit, admitter, replica } = start({ maxWatchers: 3, maxWaitMs: 60_000 }, { watchers: 2 });
    const waiting = admit(`${TARGET}&min_revision=11`);
    await expect(admit(TARGET)).rejects.toMatchObject({ code: 'overloaded' });
    expect(admitter.refused).toBe(1);
    replica.apply({ revision: 11, changes: [] });
    await waiting;
  });

  test('a second are refused, and told to come back at different times', async () => {
    const { admit, admitter } = start();
    const refused: number[] = [];
    for (let count = 0; count < 100; count++)
      await admit(TARGET).catch(error => refused.push(error.retryAfterS));
    expect(refused.length).toBeGreaterThan(80);
    expect(admitter.refused).toBe(refused.length);
    expect(new Set(refused).size).toBeGreaterThan(5);
    expect(Math.min(...refused)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...refused)).toBeLessThanOrEqual(10);
  });

  test('while the node is ending all are refused', async () => {
    const { admit } = start({}, { draining: true });
    await expect(admit(TARGET)).rejects.toMatchObject({ code: 'shutting_down', status: 503 });
  });
});
