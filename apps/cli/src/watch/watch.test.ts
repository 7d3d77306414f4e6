/** `qvc watch` against nodes that send what is prepared. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { recordTerminal } from '../../test/command-line.ts';
import { run } from '../run.ts';

const generation = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const place = (service_name: string) => (revision: number) => ({
  generation,
  revision,
  environment: 'DEVELOPMENT',
  service_name,
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(answer: (socket: WebSocket, asked: URL) => void) {
  const server = createServer();
  servers.push(server);
  new WebSocketServer({ server }).on('connection', (socket, request) =>
    answer(socket, new URL(request.url!, 'http://node')),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function watch(args: string[], signal: AbortSignal) {
  const { terminal, out, err } = recordTerminal();
  const done = run(['watch', ...args], { terminal, folder: tmpdir(), interruption: () => signal });
  return { out, err, done };
}

test('it goes on at the next node from the last frame seen, and ends when asked', async () => {
  const at = place('a');
  const since: (string | null)[] = [];
  const node = async (answer: (socket: WebSocket) => void) => {
    const { url } = await serve((socket, asked) => {
      since.push(asked.searchParams.get('since'));
      answer(socket);
    });
    return url;
  };
  const stop = new AbortController();
  const first = await node(socket => {
    socket.send(JSON.stringify({ type: 'snapshot', ...at(5), configurations: {} }));
    const beat = { type: 'heartbeat', ...at(6), age: 0, reconnect_window_ms: 50 };
    socket.send(JSON.stringify(beat), () => socket.terminate());
  });
  const update = {
    config_key: 'k',
    old_value: null,
    new_value: 1,
    deleted: false,
    updated_by: 'ann',
    reason: 'why',
    version: 1,
  };
  const second = await node(socket => {
    socket.send(JSON.stringify({ type: 'update', ...at(7), updates: [update] }));
    setTimeout(() => stop.abort(), 50);
  });
  const { out, err, done } = watch(['a', '--node', `${first},${second}`], stop.signal);
  expect(await done).toBe(0);
  expect(since).toEqual([null, `${generation}:6`]);
  expect(out[1]).toMatch(/^\d\d:\d\d:\d\d \+ k = 1 by ann · why · version 1 · revision 7$/);
  expect(err).toEqual([expect.stringContaining('the connection broke'), `resumed on ${second}`]);
});

test('an environment, keys that begin alike, several changes as one, and acks of what was seen', async () => {
  const at = place('*');
  const stop = new AbortController();
  const asked: URL[] = [];
  const said: unknown[] = [];
  const { url } = await serve((socket, target) => {
    asked.push(target);
    socket.on('message', data => {
      said.push(JSON.parse(String(data)));
      if (asked.length > 1) return stop.abort();
      socket.close(1012, JSON.stringify({ reason: 'shutting_down', reconnect_window_ms: 20 }));
    });
    if (asked.length > 1) {
      for (const revision of [10, 11]) socket.send(JSON.stringify({ type: 'heartbeat', ...at(revision) }));
      return;
    }
    const who = { updated_by: 'ann', reason: '', rollback_available: true };
    const update = { ...who, service_name: 'a', config_key: 'k', old_value: 1, new_value: 4, deleted: false };
    socket.send(
      JSON.stringify({ type: 'snapshot', ...at(5), configurations: { 'a/k': { config_value: 1 } } }),
    );
    socket.send(
      JSON.stringify({ type: 'update', ...at(9), conflated_from: 5, updates: [{ ...update, version: 4 }] }),
    );
  });
  const args = ['--prefix', 'k', '--instance-id', 'me', '--node', url];
  const { out, err, done } = watch(args, stop.signal);
  expect(await done).toBe(0);
  expect(asked[0]!.pathname).toBe('/api/v1/config/watch');
  expect(Object.fromEntries(asked[1]!.searchParams)).toEqual({
    environment: 'DEVELOPMENT',
    prefix: 'k',
    instance_id: 'me',
    since: `${generation}:9`,
  });
  // The second stream brought no change: it is said once that what the first one brought is there.
  expect(said).toEqual([9, 10].map(revision => ({ type: 'ack', revision, applied: true })));
  expect(out[0]).toContain('watching everything k… in DEVELOPMENT');
  expect(out[1]).toMatch(/ ~ a\/k 1 → 4 last by ann · version 4 · revisions 6–9 as one$/);
  expect(err[0]).toContain('shutting down (1012)');
});
