/** Streams of both kinds on both runtimes: the same frames, from the same places, to the same ends. */
import type { IncomingMessage } from 'node:http';
import type { UpdateFrame, WatchFrame } from '@quantivista/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { type EventStream, type EventStreamOptions, openEventStream } from '../harness/sse.ts';
import { startWatcher } from '../harness/watcher.ts';

const isUpdate = (frame: WatchFrame): frame is UpdateFrame => frame.type === 'update';
const isSnapshot = (frame: WatchFrame) => frame.type === 'snapshot';
const reaches = (revision: number) => (frame: WatchFrame) =>
  frame.type !== 'reset' && frame.revision >= revision;

describe.each(['bun', 'node'] as const)('on %s', runtime => {
  let network: TestNetwork;
  let authority: Api;
  let node: Api;
  /** In the other region. */
  let elsewhere: string;
  const opened: { close(): void }[] = [];

  beforeAll(async () => {
    network = await startTestNetwork({
      runtime,
      nodeEnv: { WATCH_HEARTBEAT_MS: '100', MAX_WAIT_MS: '1000' },
    });
    authority = network.api(network.authority);
    node = network.api(network.regions[0]!.serving[0]!);
    elsewhere = network.regions[1]!.serving[0]!.url;
  });
  afterAll(() => network.stop());
  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
  });

  const stream = (options: Partial<EventStreamOptions>): EventStream => {
    const open = openEventStream({ node: node.url, ...options });
    opened.push(open);
    return open;
  };
  /** A WebSocket by hand: what it is sent, what it was closed with. */
  const socket = (path: string, headers: Record<string, string> = {}) => {
    const ws = new WebSocket(`${node.url.replace('http', 'ws')}/api/v1/config/watch${path}`, { headers });
    const frames: WatchFrame[] = [];
    const answered = new Promise<IncomingMessage>(resolve => ws.once('upgrade', resolve));
    const head = answered.then(({ headers }) => headers);
    const seen = {
      ws,
      frames,
      headers: head,
      closed: undefined as { code: number; reason: string } | undefined,
    };
    ws.on('message', data => frames.push(JSON.parse(String(data))));
    ws.on('error', () => {});
    ws.on('close', (code, reason) => {
      seen.closed = { code, reason: String(reason) };
    });
    opened.push({ close: () => ws.terminate() });
    return seen;
  };
  const putAt = async (service: string, key: string, value: string | number) => {
    const { status, revision } = await authority.put(service, key, value);
    expect(status).toBe(200);
    return revision;
  };

  test('both get the same frames, each event with its bookmark and type', async () => {
    const first = await putAt('same', 'a', 'ü "quoted" \u2028 \n 😀');
    const events = stream({ service: 'same', query: { min_revision: String(first) } });
    const frames = socket(`/same?environment=PRODUCTION&min_revision=${first}`);
    await until(() => events.frames.length > 0 && frames.frames.length > 0, { what: 'the snapshots' });
    let last = first;
    for (let value = 0; value < 5; value++) last = await putAt('same', 'a', value);
    await events.frame(frame => isUpdate(frame) && frame.revision === last, 'the last update');
    await until(() => frames.frames.some(frame => isUpdate(frame) && frame.revision === last), {
      what: 'the last update',
    });
    const told = (of: readonly WatchFrame[]) => of.filter(isUpdate);
    expect(told(events.frames)).toEqual(told(frames.frames));
    expect(told(events.frames)).toHaveLength(5);
    const { revision: _, ...snapshot } = events.frames[0]!;
    expect(frames.frames[0]).toMatchObject(snapshot);
    for (const { id, event, frame } of events.events) {
      expect([id, event]).toEqual([`${frame.generation}:${frame.revision}`, frame.type]);
    }
    expect(events.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
    });
    // As of any read.
    const position = {
      'x-config-generation': snapshot.generation,
      'x-config-revision': expect.stringMatching(/^\d+$/),
      'x-config-age': expect.stringMatching(/^\d+\.\d{3}$/),
      'x-config-state': 'FRESH',
    };
    expect(events.headers).toMatchObject(position);
    expect(Number(events.headers['x-config-revision'])).toBeLessThanOrEqual(events.frames[0]!.revision);
    expect(await frames.headers).toMatchObject(position);
    expect(events.retries).toHaveLength(1);
    expect(events.retries[0]).toBeGreaterThan(0);
  });

  test('one goes on where the other was, at another node, by since and by Last-Event-ID', async () => {
    const first = await putAt('handover', 'a', 0);
    const events = stream({ service: 'handover' });
    await events.frame(reaches(first), 'the snapshot');
    const second = await putAt('handover', 'a', 1);
    await events.frame(reaches(second), 'an update');
    events.close();
    const { generation, revision } = events.frames.at(-1)!;
    const third = await putAt('handover', 'a', 2);
    const watcher = startWatcher({
      nodes: [elsewhere],
      service: 'handover',
      since: { generation, revision },
    });
    opened.push(watcher);
    await watcher.frame(reaches(third), 'the next update');
    watcher.close();
    expect(watcher.received[0]!.frame).toMatchObject({
      type: 'update',
      updates: [{ old_value: 1, new_value: 2 }],
    });

    const fourth = await putAt('handover', 'a', 3);
    const id = `${generation}:${watcher.bookmark!.revision}`;
    const headers = { 'last-event-id': id };
    const back = stream({ service: 'handover', headers, query: { since: `${generation}:${first}` } });
    await back.frame(frame => frame.type === 'heartbeat', 'a bookmark');
    expect(back.frames.filter(isUpdate).map(frame => frame.revision)).toEqual([fourth]);
  });

  test('a whole environment in one stream, each transaction in one frame', async () => {
    const first = await putAt('whole-1', 'a', 1);
    const query = { min_revision: String(first) };
    const events = stream({ query });
    const frames = socket(`?environment=PRODUCTION&min_revision=${first}`);
    await until(() => frames.frames.length > 0, { what: 'a snapshot' });
    const snapshot = await events.frame(isSnapshot, 'a snapshot');
    expect(snapshot).toMatchObject({
      service_name: '*',
      configurations: { 'whole-1/a': { config_value: 1 } },
    });
    const at = { op: 'set', environment: 'PRODUCTION' } as const;
    const { revision } = await authority.batch([
      { ...at, service_name: 'whole-1', config_key: 'a', new_value: 2 },
      { ...at, service_name: 'whole-2', config_key: 'b', new_value: 3 },
      { ...at, environment: 'TEST', service_name: 'whole-3', config_key: 'c', new_value: 4 },
    ]);
    const isIt = (frame: WatchFrame) => isUpdate(frame) && frame.revision === revision;
    const update = (await events.frame(isIt, 'the transaction')) as UpdateFrame;
    expect(update.updates.map(each => [each.service_name, each.config_key, each.new_value])).toEqual(
      expect.arrayContaining([
        ['whole-1', 'a', 2],
        ['whole-2', 'b', 3],
      ]),
    );
    expect(update.updates).toHaveLength(2);
    await until(() => frames.frames.some(isIt), { what: 'the transaction' });
    expect(frames.frames.find(isIt)).toEqual(update);
  });

  test('keys that begin alike, of one service and of all', async () => {
    const one = stream({ service: 'begin', query: { prefix: 'limit_' } });
    const all = stream({ query: { prefix: 'limit_' } });
    await Promise.all([one, all].map(each => each.frame(isSnapshot, 'a snapshot')));
    await putAt('begin', 'other', 1);
    await putAt('begin', 'limit_a', 1);
    const last = await putAt('begin-too', 'limit_b', 1);
    await Promise.all([one, all].map(each => each.frame(reaches(last), 'the last update')));
    const told = (of: EventStream) =>
      of.frames
        .filter(isUpdate)
        .flatMap(frame => frame.updates.map(each => `${each.service_name ?? ''}/${each.config_key}`));
    expect(told(one)).toEqual(['/limit_a']);
    expect(told(all)).toEqual(['begin/limit_a', 'begin-too/limit_b']);
  });

  test.each([
    ['service=Bad!', { service: 'Bad!' }, 400, 'invalid_request'],
    ['environment=MOON', { environment: 'MOON' as never }, 400, 'unknown_environment'],
    ['since=x', { query: { since: 'x' } }, 400, 'invalid_since'],
    ['prefix=a/b', { query: { prefix: 'a/b' } }, 400, 'invalid_request'],
    ['Last-Event-ID: x', { headers: { 'last-event-id': 'x' } }, 400, 'invalid_since'],
    ['a far min_revision', { query: { min_revision: '99999999' } }, 409, 'revision_not_reached'],
  ])('%s is refused before anything is streamed', async (_, options, status, code) => {
    const events = stream({ service: 'refused', ...options });
    await events.over();
    expect([events.status, events.problem.type]).toEqual([status, `urn:quantivista:problem:${code}`]);
  });

  test('watching without an upgrade says what it is', async () => {
    for (const path of ['/watch/risk', '/watch']) {
      const answer = await node.request('GET', `/api/v1/config${path}?environment=TEST`);
      expect([path, answer.status]).toEqual([path, 426]);
    }
    expect((await node.request('GET', '/api/v1/config/watch?environment=MOON')).status).toBe(400);
  });

  describe('acks', () => {
    const post = (body: unknown, headers?: Record<string, string>) =>
      node.request('POST', '/api/v1/config/ack', { body, headers });
    const ack = {
      environment: 'PRODUCTION',
      service_name: 'acked',
      instance_id: 'acked-1',
      revision: 1,
      applied: true,
    };

    test('are taken from clients of either kind, on the socket and as a request', async () => {
      const events = stream({ service: 'acked', query: { instance_id: 'acked-1' } });
      const whole = stream({ query: { instance_id: 'all-1' } });
      const frames = socket('/acked?environment=PRODUCTION&instance_id=acked-2');
      const { revision } = await events.frame(isSnapshot, 'a snapshot');
      await whole.frame(isSnapshot, 'a snapshot');
      await until(() => frames.frames.length > 0, { what: 'a snapshot' });
      for (const said of [
        ack,
        { ...ack, revision, applied: false, error: 'ü: no' },
        { ...ack, environment: 'production', service_name: '*', instance_id: 'all-1' },
        { ...ack, instance_id: 'acked-2' },
      ]) {
        expect([said, (await post(said)).status]).toEqual([said, 202]);
      }
      frames.ws.send(JSON.stringify({ type: 'ack', revision, applied: true }));
      const beats = frames.frames.length;
      await until(() => frames.frames.length > beats + 1, { what: 'the stream to go on' });
      expect(frames.closed).toBeUndefined();
    });

    test('that are wrong are refused by the name of the field', async () => {
      const events = stream({ service: 'acked', query: { instance_id: 'acked-1' } });
      await events.frame(isSnapshot, 'a snapshot');
      const wrong = async (body: unknown, headers?: Record<string, string>) => {
        const { status, problem } = await post(body, headers);
        return [status, problem.errors?.[0]?.field ?? problem.type.split(':').at(-1)];
      };
      expect(await wrong({ ...ack, instance_id: 'nobody' })).toEqual([404, 'not_found']);
      expect(await wrong({ ...ack, service_name: 'other' })).toEqual([404, 'not_found']);
      expect(await wrong({ ...ack, revision: 99_999_999 })).toEqual([409, 'revision_not_reached']);
      expect(await wrong({ ...ack, revision: 'x' })).toEqual([400, 'body.revision']);
      expect(await wrong({ ...ack, instance_id: undefined })).toEqual([400, 'body.instance_id']);
      expect(await wrong({ ...ack, environment: 'MOON' })).toEqual([400, 'body.environment']);
      expect(await wrong('{')).toEqual([400, 'invalid_json']);
      expect(await wrong({ ...ack, error: 'x'.repeat(20_000) })).toEqual([413, 'too_large']);
      expect(await wrong('x', { 'content-type': 'text/plain' })).toEqual([415, 'unsupported_media_type']);
      events.close();
      await until(async () => (await post(ack)).status === 404, { what: 'the stream to be gone' });
    });

    test.each([
      ['no ack', '{"type":"nack"}', 'ack.type'],
      ['bytes', Buffer.from('{}'), 'message'],
      ['a revision to come', '{"type":"ack","revision":99999999,"applied":true}', 'ack.revision'],
    ])('%s on the socket closes it with 1008', async (_, message, field) => {
      const frames = socket('/acked?environment=PRODUCTION');
      await until(() => frames.frames.length > 0, { what: 'a snapshot' });
      frames.ws.send(message);
      const { code, reason } = await until(() => frames.closed, { what: 'the socket to be closed' });
      expect(code).toBe(1008);
      expect(JSON.parse(reason)).toMatchObject({
        reason: expect.stringMatching(`^${field}: `),
        reconnect_window_ms: expect.any(Number),
      });
    });
  });

  test('who watches is counted by what they speak', async () => {
    stream({ service: 'counted' });
    socket('/counted?environment=PRODUCTION');
    socket('/counted?environment=PRODUCTION');
    const counted = async () => {
      const text = String((await node.request('GET', '/metrics')).body);
      return ['websocket', 'sse'].map(name =>
        Number(new RegExp(`^qv_node_watchers\\{transport="${name}"\\} (\\d+)$`, 'm').exec(text)?.[1]),
      );
    };
    await until(async () => String(await counted()) === '2,1', { what: 'three watchers' });
    for (const each of opened.splice(0)) each.close();
    await until(async () => String(await counted()) === '0,0', { what: 'them to be gone' });
  });
});
