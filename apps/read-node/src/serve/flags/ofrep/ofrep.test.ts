import { createScope, FLAGS_PREFIX, ServiceError } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { expect, test } from 'vitest';
import { createHistory } from '../../../follow/history.ts';
import { createReplica } from '../../../follow/replica.ts';
import { createOrigins } from '../../origins.ts';
import { createReadAccess } from '../../read-access.ts';
import { createStateFor } from '../../state-for.ts';
import { createEvaluator } from '../evaluator.ts';
import { createHeldFlags } from '../held-flags.ts';
import { createOfrep, type OfrepOptions } from './ofrep.ts';

const refused = (error: ServiceError) => {
  const replica = createReplica({ agingMs: 1_000, staleMs: 1_000 });
  const options: Pick<OfrepOptions, 'replica' | 'access' | 'origins'> = {
    replica,
    access: createReadAccess(replica, 'token'),
    origins: createOrigins(['*']),
  };
  return createOfrep(options as OfrepOptions).streamRefusal(error, 'https://app.example.com');
};

test('a stream that is refused for the moment is one that ends, and says when to come back', () => {
  const { status, headers, body } = refused(new ServiceError('overloaded', { retryAfterS: 4 }));
  expect([status, body]).toEqual([200, 'retry: 4000\n\n']);
  expect(headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'access-control-allow-origin': '*',
  });
});

test('a stream that is refused for good has the status of its fault', () => {
  const { status, headers } = refused(new ServiceError('unauthenticated'));
  expect([status, headers['content-type']]).toEqual([401, 'application/json']);
});

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const PATH = '/ofrep/v1/evaluate/flags';

function start({ isLoaded = true, origins = ['*'] } = {}) {
  const replica = createReplica({ agingMs: 1_000, staleMs: 1_000 });
  const flags = createHeldFlags(replica);
  const access = createReadAccess(replica, 'open');
  const scope = createScope();
  const evaluator = createEvaluator();
  const failures: unknown[] = [];
  const log = {
    error: (entry: { err: unknown }) => failures.push(entry.err),
  } as unknown as OfrepOptions['log'];
  const stateFor = createStateFor({ replica, scope, maxWaitMs: 5 });
  const entries = ['a', 'b'].map(name => ({
    key: FLAGS_PREFIX + name,
    value: JSON.stringify({ flag_name: name, enabled: true, rollout_percentage: 100 }),
    modRevision: 1,
  }));
  entries.push({ key: `${FLAGS_PREFIX}unreadable`, value: '{', modRevision: 1 });
  if (isLoaded)
    replica.replace({
      snapshot: buildSnapshot(GENERATION, 5, entries),
      history: createHistory(5, { length: 4 }),
    });
  const ofrep = createOfrep({
    replica,
    flags,
    access,
    evaluator,
    origins: createOrigins(origins),
    stateFor,
    log,
  });
  const call = {
    authorization: null,
    apiKey: null,
    ifNoneMatch: null,
    origin: null,
    address: () => undefined,
  };
  const ask = async (target: string, body = '{}', more: object = {}) => {
    const answer = await ofrep.answer({ ...call, method: 'POST', target, ...more }, async () =>
      Buffer.from(body),
    );
    return { ...answer, json: answer.body === null ? undefined : JSON.parse(answer.body) };
  };
  return { ofrep, ask, failures, replica };
}

test('every answer says where the state stands, and failures do', async () => {
  const { ask, ofrep } = start();
  const at = {
    'x-config-revision': '5',
    'x-config-generation': GENERATION,
    'content-type': 'application/json',
  };
  expect((await ask(`${PATH}/a`)).headers).toMatchObject(at);
  expect((await ask(`${PATH}/missing`)).headers).toMatchObject(at);
  expect((await ask(`${PATH}/a`, '{')).headers).toMatchObject(at);
  expect((await ask(PATH)).headers).toMatchObject(at);
  expect(ofrep.counts).toEqual({ flag: 1, all: 1, notModified: 0, failed: 2 });
});

test('before a state is held nothing is answered but when to come back', async () => {
  for (const target of [PATH, `${PATH}/a`]) {
    const { status, headers, json } = await start({ isLoaded: false }).ask(target);
    expect([status, headers['retry-after'], json.errorCode]).toEqual([503, '1', 'GENERAL']);
  }
});

test('a state that is not reached in time is told of, and so is what an event told of', async () => {
  const { ask } = start();
  const tag = encodeURIComponent('"5b8f2f4e.6"');
  for (const query of ['min_revision=6', `flagConfigEtag=${tag}`])
    expect((await ask(`${PATH}?${query}`)).status).toBe(409);
  const known = encodeURIComponent('"5b8f2f4e.5"');
  expect((await ask(`${PATH}?flagConfigEtag=${known}&flagConfigLastModified=1`)).status).toBe(200);
});

test('a flag that can not be read fails by itself', async () => {
  const { ask } = start();
  const failure = { key: 'unreadable', errorCode: 'PARSE_ERROR', errorDetails: expect.any(String) };
  expect((await ask(`${PATH}/unreadable`)).json).toEqual(failure);
  const { json } = await ask(PATH);
  expect(json.flags).toEqual([
    expect.objectContaining({ key: 'a', value: true }),
    expect.objectContaining({ key: 'b', value: true }),
    failure,
  ]);
});

test('the stream of who needs no token needs no ticket', async () => {
  const { json } = await start().ask(PATH);
  expect(json.eventStreams).toEqual([
    { type: 'sse', endpoint: { requestUri: '/ofrep/v1/events' }, inactivityDelaySec: 120 },
  ]);
});

test('what fails inside is logged, and not told', async () => {
  const { ofrep, failures } = start();
  const call = { method: 'POST', target: `${PATH}/a`, authorization: null, apiKey: null, ifNoneMatch: null };
  const answer = await ofrep.answer({ ...call, origin: null, address: () => undefined }, () =>
    Promise.reject(new Error('secret')),
  );
  expect([answer.status, answer.body]).toEqual([
    500,
    '{"key":"a","errorCode":"GENERAL","errorDetails":"Something failed here"}',
  ]);
  expect(failures).toHaveLength(1);
});

test('the body of who may not read is not read', async () => {
  const replica = createReplica({ agingMs: 1_000, staleMs: 1_000 });
  const options = { replica, origins: createOrigins([]), access: createReadAccess(replica, 'token') };
  const ofrep = createOfrep(options as unknown as OfrepOptions);
  replica.replace({ snapshot: buildSnapshot(GENERATION, 5, []), history: createHistory(5, { length: 4 }) });
  const call = { method: 'POST', target: PATH, authorization: 'Bearer x', apiKey: null, ifNoneMatch: null };
  const readBody = () => Promise.reject(new Error('it was read'));
  expect((await ofrep.answer({ ...call, origin: null, address: () => undefined }, readBody)).status).toBe(
    401,
  );
});
