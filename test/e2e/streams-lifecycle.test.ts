/** How streams begin and end: how many, for how long, and what becomes of them when their node ends. */
import type { WatchFrame } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { withNetwork } from '../harness/network.ts';
import { type EventStream, openEventStream } from '../harness/sse.ts';
import { startWatcher, type Watcher } from '../harness/watcher.ts';

const RUNTIMES = ['bun', 'node'] as const;
const one = { regionNames: ['eu-west'] };

const isUpdate = (frame: WatchFrame) => frame.type === 'update';
const updatesOf = (frames: readonly WatchFrame[]) =>
  frames.flatMap(frame => (frame.type === 'update' ? frame.updates.map(each => each.new_value) : []));
const reasonOf = (text: string) => (JSON.parse(text) as { reason: string }).reason;

/** The answer to a WebSocket handshake: 101, or the status of the refusal with its headers. */
const handshake = (node: Component): Promise<{ status: number; retryAfter: string | undefined }> =>
  new Promise(resolve => {
    const ws = new WebSocket(
      `${node.url.replace('http', 'ws')}/api/v1/config/watch/risk?environment=PRODUCTION`,
    );
    ws.on('error', () => {});
    ws.on('open', () => {
      resolve({ status: 101, retryAfter: undefined });
      ws.terminate();
    });
    ws.on('unexpected-response', (request, { statusCode, headers }) => {
      request.destroy();
      resolve({ status: statusCode!, retryAfter: headers['retry-after'] });
    });
  });

describe.each(RUNTIMES)('on %s', runtime => {
  test('an ending node tells its 50 watchers one by one, and they miss nothing elsewhere', () =>
    withNetwork(
      { ...one, runtime, nodeEnv: { WATCH_HEARTBEAT_MS: '100', DRAIN_MS: '5000' } },
      async network => {
        const [ending, staying] = network.regions[0]!.serving as [Component, Component];
        const authority = network.api(network.authority);
        const { revision } = await authority.put('drain', 'a', 0);
        // In everybody's snapshot: nobody is told of it as an update.
        for (const node of [ending, staying])
          await network.api(node).list('drain', { query: { min_revision: revision } });
        const watchers = Array.from({ length: 40 }, () =>
          startWatcher({ nodes: [ending.url, staying.url], service: 'drain' }),
        );
        const streams = Array.from({ length: 10 }, () =>
          openEventStream({ node: ending.url, service: 'drain' }),
        );
        try {
          await Promise.all([
            ...watchers.map(each => each.frame(frame => frame.type === 'snapshot', 'a snapshot')),
            ...streams.map(each => each.frame(frame => frame.type === 'snapshot', 'a snapshot')),
          ]);
          let value = 0;
          const put = async () => void (await authority.put('drain', 'a', ++value));
          await put();
          const ended = ending.kill('SIGTERM');
          const api = network.api(ending);
          await until(async () => (await api.request('GET', '/readyz')).status === 503, {
            what: 'the node to be unready',
          });
          // While it ends: writes go on and are told of, reads are answered, nobody new is let in.
          await put();
          expect((await api.list('drain')).status).toBe(200);
          const refused = await handshake(ending);
          expect(refused.status).toBe(503);
          expect(Number(refused.retryAfter)).toBeGreaterThan(0);
          const late = openEventStream({ node: ending.url, service: 'drain' });
          await late.over();
          expect([late.status, late.problem.type]).toEqual([503, 'urn:quantivista:problem:shutting_down']);
          for (let count = 0; count < 20; count++) await put();
          await ended;
          await put();

          await everyoneTold(watchers, streams, staying, value);
          for (const { streams } of watchers) {
            const end = streams[0]!.ended as { code: number; reason: string };
            expect([end.code, reasonOf(end.reason)]).toEqual([1012, 'shutting_down']);
          }
          for (const stream of streams) {
            expect(stream.state).toBe('ended');
            expect(reasonOf(stream.comments.at(-1)!)).toBe('shutting_down');
            expect(stream.retries).toHaveLength(2);
          }
        } finally {
          for (const each of [...watchers, ...streams]) each.close();
        }
      },
    ));

  test('a stream that has grown old ends with 1012, and goes on elsewhere', () =>
    withNetwork(
      { ...one, runtime, nodeEnv: { WATCH_HEARTBEAT_MS: '50', MAX_STREAM_AGE_MS: '400' } },
      async network => {
        const nodes = network.serving.map(({ url }) => url);
        const watcher = startWatcher({ nodes, service: 'old' });
        const stream = openEventStream({ node: nodes[0]!, service: 'old' });
        await until(() => watcher.streams.length > 3, { what: 'the watcher to have come back often' });
        await stream.over();
        watcher.close();
        const end = watcher.streams[0]!.ended as { code: number; reason: string };
        expect([end.code, reasonOf(end.reason)]).toEqual([1012, 'max_age']);
        expect(stream.state).toBe('ended');
        expect(reasonOf(stream.comments.at(-1)!)).toBe('max_age');
        expect(watcher.received.filter(({ frame }) => frame.type !== 'heartbeat')).toHaveLength(1);
      },
    ));

  test('more than so many at once, and more than so many a second, are refused with a time to come back', () =>
    withNetwork({ ...one, runtime, nodeEnv: { MAX_WATCHERS: '5' } }, async network => {
      const node = network.serving[0]!;
      const refusedAt = async (of: Component) => {
        const text = String((await network.api(of).request('GET', '/metrics')).body);
        return Number(/^qv_node_watchers_refused_total (\d+)$/m.exec(text)?.[1]);
      };
      const held = Array.from({ length: 5 }, () => openEventStream({ node: node.url, service: 'risk' }));
      await Promise.all(held.map(each => each.frame(frame => frame.type === 'snapshot', 'a snapshot')));
      const full = await handshake(node);
      expect(full.status).toBe(503);
      const sixth = openEventStream({ node: node.url, service: 'risk' });
      await sixth.over();
      expect([sixth.status, sixth.problem.type]).toEqual([503, 'urn:quantivista:problem:overloaded']);
      expect(Number(sixth.headers['retry-after'])).toBeGreaterThan(0);
      for (const each of held) each.close();
      expect(await refusedAt(node)).toBe(2);

      // Far fewer than the handshakes take seconds, however slow the machine is.
      await node.restart({ env: { MAX_ADMISSIONS_PER_S: '1', MAX_WATCHERS: undefined } });
      const answers = await Promise.all(Array.from({ length: 60 }, () => handshake(node)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses).toContain(101);
      expect(statuses).toContain(503);
      const times = answers.flatMap(({ retryAfter }) => (retryAfter === undefined ? [] : [retryAfter]));
      expect(new Set(times).size).toBeGreaterThan(1);
      expect(await refusedAt(node)).toBe(times.length);
    }));
});

/** All values up to the last, once each and in order, for those who come back as for those who have to be asked again. */
async function everyoneTold(
  watchers: readonly Watcher[],
  streams: readonly EventStream[],
  staying: Component,
  last: number,
): Promise<void> {
  const expected = Array.from({ length: last }, (_, at) => at + 1);
  await Promise.all(
    watchers.map(each =>
      until(() => updatesOf(each.received.map(({ frame }) => frame)).at(-1) === last, {
        what: 'a watcher to have been told all',
      }),
    ),
  );
  for (const { received } of watchers) {
    const frames = received.map(({ frame }) => frame);
    expect(updatesOf(frames)).toEqual(expected);
    expect(frames.filter(frame => !isUpdate(frame) && frame.type !== 'heartbeat')).toHaveLength(1);
  }
  for (const stream of streams) {
    await stream.over();
    const id = stream.events.at(-1)!.id;
    const back = openEventStream({ node: staying.url, service: 'drain', headers: { 'last-event-id': id } });
    try {
      await until(() => updatesOf([...stream.frames, ...back.frames]).at(-1) === last, {
        what: 'an event stream to have been told all',
      });
      expect(updatesOf([...stream.frames, ...back.frames])).toEqual(expected);
    } finally {
      back.close();
    }
  }
}
