import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { createKeepAlive } from './keep-alive.ts';

class Connection extends EventEmitter {
  readonly seen: string[] = [];
  ping = () => this.seen.push('ping') as never;
  terminate = () => this.seen.push('terminate') as never;
}
const PING_MS = 1_000;
/** A round, and more turns of the event loop than it takes. */
async function round() {
  vi.advanceTimersByTime(PING_MS);
  for (let n = 0; n < 100; n++) await new Promise(resolve => setImmediate(resolve));
}

afterEach(() => {
  vi.useRealTimers();
});

function start(connections: number) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const keepAlive = createKeepAlive(PING_MS);
  const all = Array.from({ length: connections }, () => new Connection());
  for (const connection of all) keepAlive.watch(connection);
  return { keepAlive, all, one: all[0]! };
}

test('one that answers is pinged in every round, one that does not is broken in the next', async () => {
  const { one } = start(1);
  await round();
  one.emit('pong');
  await round();
  expect(one.seen).toEqual(['ping', 'ping']);
  await round();
  expect(one.seen).toEqual(['ping', 'ping', 'terminate']);
});

test('one that has closed is left alone, also where it answers afterwards', async () => {
  const { one } = start(1);
  one.emit('close');
  one.emit('pong');
  await round();
  expect(one.seen).toEqual([]);
});

test('all of many are pinged, and none after the end', async () => {
  const { keepAlive, all } = start(100);
  await round();
  expect(all.map(({ seen }) => seen.length)).toEqual(all.map(() => 1));
  keepAlive.stop();
  for (const connection of all) connection.emit('pong');
  await round();
  await round();
  expect(all.map(({ seen }) => seen.length)).toEqual(all.map(() => 1));
});
