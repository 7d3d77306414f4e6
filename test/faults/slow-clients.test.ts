/**
 * I8: a client that reads too slowly, or not at all, costs bounded memory and nobody else's updates. The kernel
 * holds some megabytes for each connection, so only what is written beyond those shows.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { HeartbeatFrame, UpdateFrame, WatchFrame } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { openEventStream } from '../harness/sse.ts';
import { startWatcher } from '../harness/watcher.ts';

const VALUE_BYTES = 100_000;
const isConflated = (frame: WatchFrame): frame is UpdateFrame =>
  frame.type === 'update' && frame.conflated_from !== undefined;

describe.each(['bun', 'node'] as const)('on %s', runtime => {
  let network: TestNetwork;
  let authority: Api;
  let node: Component;
  let written = 0;

  beforeAll(async () => {
    network = await startTestNetwork({
      regionNames: ['eu-west'],
      nodeRoles: ['feed,serve'],
      runtime,
      nodeEnv: { HISTORY_LENGTH: '100', WATCH_HEARTBEAT_MS: '200' },
    });
    authority = network.api(network.authority);
    node = network.serving[0]!;
  });
  afterAll(() => network.stop());

  /** The next value: its number, and enough behind it to fill a connection soon. */
  const write = async (service: string) => {
    const { status, revision } = await authority.put(service, 'a', `${++written} ${'x'.repeat(VALUE_BYTES)}`);
    expect(status).toBe(200);
    return revision;
  };
  const numberOf = (value: unknown) => Number(String(value).split(' ', 1)[0]);
  /** NaN where there is no such metric. */
  const metric = async (name: string) => {
    const text = String((await network.api(node).request('GET', '/metrics')).body);
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  const rss = () => metric('process_resident_memory_bytes');

  test('one that stops reading for a while is told in one frame of what it missed', async () => {
    await write('paused');
    const streamed = openEventStream({ node: node.url, service: 'paused' });
    const ws = new WebSocket(
      `${node.url.replace('http', 'ws')}/api/v1/config/watch/paused?environment=PRODUCTION`,
    );
    const frames: WatchFrame[] = [];
    ws.on('message', data => frames.push(JSON.parse(String(data))));
    try {
      await streamed.frame(frame => frame.type === 'snapshot', 'a snapshot');
      await until(() => frames.length > 0, { what: 'a snapshot' });
      ws.pause();
      streamed.pause();
      await until(
        async () => {
          await write('paused');
          return (await metric('qv_node_watchers_lagging')) === 2;
        },
        { what: 'both to lag', intervalMs: 0 },
      );
      for (let count = 0; count < 4; count++) await write('paused');
      const min_revision = await write('paused');
      // The node has it too: what it sends from now on is of one state.
      expect((await network.api(node).list('paused', { query: { min_revision } })).status).toBe(200);
      const last = written;
      ws.resume();
      streamed.resume();
      for (const seen of [() => frames, () => streamed.frames]) {
        const frame = await until(() => seen().find(isConflated), { what: 'a conflated update' });
        // The last may have been a heartbeat.
        const sent = seen().slice(0, seen().indexOf(frame)) as (UpdateFrame | HeartbeatFrame)[];
        expect(frame.conflated_from).toBe(sent.at(-1)!.revision);
        const before = sent.findLast(each => each.type === 'update')!;
        expect(numberOf(frame.updates[0]!.old_value)).toBe(numberOf(before.updates[0]!.new_value));
        expect(numberOf(frame.updates[0]!.new_value)).toBe(last);
      }
      await until(async () => (await metric('qv_node_watchers_lagging')) === 0, { what: 'nobody to lag' });
      await write('paused');
      for (const seen of [() => frames, () => streamed.frames]) {
        const isLast = (frame: WatchFrame) =>
          frame.type === 'update' && numberOf(frame.updates[0]!.new_value) === written;
        expect(await until(() => seen().find(isLast), { what: 'the next update' })).not.toHaveProperty(
          'conflated_from',
        );
      }
      expect(await metric('qv_node_watchers_dropped_total')).toBe(0);
      expect(await metric('qv_node_watchers_conflated_total')).toBeGreaterThanOrEqual(2);
    } finally {
      ws.terminate();
      streamed.close();
    }
  });

  test('those that read nothing, or a byte a second, are closed, and cost little until then', async () => {
    await node.restart({ env: { STREAM_WRITE_TIMEOUT_MS: '1500' } });
    const quick = startWatcher({ nodes: [node.url], service: 'slow' });
    const quickStream = openEventStream({ node: node.url, service: 'slow' });
    const slow: Socket[] = [];
    try {
      await quick.frame(frame => frame.type === 'snapshot', 'a snapshot');
      await quickStream.frame(frame => frame.type === 'snapshot', 'a snapshot');
      const first = written + 1;
      // History and caches are full: what comes on top is for the slow ones.
      for (let count = 0; count < 220; count++) await write('slow');
      const before = await rss();
      const openBefore = await metric('process_open_fds');

      for (let count = 0; count < 10; count++) {
        slow.push(await openAndStop(node, 'watch', 'slow', 0));
        slow.push(await openAndStop(node, 'watch', 'slow', 1));
        slow.push(await openAndStop(node, 'stream', 'slow', 0));
        slow.push(await openAndStop(node, 'stream', 'slow', 1));
      }
      let peak = 0;
      let peakBuffered = 0;
      for (let count = 0; count < 150; count++) {
        await write('slow');
        if (count % 10 > 0) continue;
        peak = Math.max(peak, await rss());
        peakBuffered = Math.max(peakBuffered, await metric('qv_node_watchers_buffered_bytes'));
      }
      await until(async () => (await metric('qv_node_watchers_dropped_total')) === slow.length, {
        what: 'all slow clients to be dropped',
        timeoutMs: 60_000,
      });
      const last = written;
      const told = (frames: readonly WatchFrame[]) =>
        frames.flatMap(frame => (frame.type === 'update' ? frame.updates : []));
      for (const seen of [() => quick.received.map(({ frame }) => frame), () => quickStream.frames]) {
        await until(() => numberOf(told(seen()).at(-1)?.new_value) === last, { what: 'the last update' });
        expect(told(seen()).map(({ new_value }) => numberOf(new_value))).toEqual(
          Array.from({ length: last - first + 1 }, (_, at) => first + at),
        );
      }
      // Queues would have held all that was written, old value and new, beyond the kernel's megabytes.
      const queued = slow.length * (150 * 2 * VALUE_BYTES - 7_000_000);
      expect(peakBuffered).toBeGreaterThan(0);
      expect(peakBuffered).toBeLessThan(queued / 10);
      expect(peak - before).toBeLessThan(queued / 5);
      expect((await network.api(node).status()).body.watchers).toBe(2);
      // Known on Linux alone. Some more than before: connections of this test's own requests.
      await until(async () => !((await metric('process_open_fds')) > openBefore + slow.length / 4), {
        what: 'the connections of the slow ones to be gone',
      });
      expect(await metric('qv_node_watchers_buffered_bytes')).toBeLessThan(VALUE_BYTES);
      await until(async () => (await rss()) < before * 2, { what: 'the memory to return' });
    } finally {
      quick.close();
      quickStream.close();
      for (const socket of slow) socket.destroy();
    }
  }, 240_000);
});

/** A connection whose client reads the head of the answer, and then `bytesPerSecond`. */
async function openAndStop(
  node: Component,
  kind: 'watch' | 'stream',
  service: string,
  bytesPerSecond: number,
): Promise<Socket> {
  const socket = connect(node.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  const upgrade =
    kind === 'watch'
      ? 'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
      : '';
  socket.write(
    `GET /api/v1/config/${kind}/${service}?environment=PRODUCTION HTTP/1.1\r\nhost: node\r\n${upgrade}\r\n`,
  );
  await once(socket, 'readable');
  expect(String(socket.read(12))).toBe(`HTTP/1.1 ${kind === 'watch' ? 101 : 200}`);
  if (bytesPerSecond > 0) {
    const reading = setInterval(() => socket.read(bytesPerSecond), 1_000);
    socket.once('close', () => clearInterval(reading));
  }
  return socket;
}
