import type { Decision } from '@quantivista/access';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Reader } from '../reader.ts';
import { createEntitled } from './entitled.ts';
import { createSocket } from './hub-under-test.ts';
import type { WatchSocket } from './socket.ts';
import type { Topic } from './topic.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'Date'] }));
afterEach(() => void vi.useRealTimers());

const topic = (service: string): Topic => ({ environment: 'TEST', service });

function start(expiresAtMs = Number.POSITIVE_INFINITY) {
  const may = new Set(['risk', 'orders']);
  let asked = 0;
  const reader: Reader = {
    name: 'ann',
    service: undefined,
    tokenHash: undefined,
    expiresAtMs,
    take: () => true,
    takeUse: () => false,
    isKnown: () => Date.now() < expiresAtMs,
    decide: ({ service }): Decision => {
      asked++;
      return reader.isKnown() && may.has(service!)
        ? { allowed: true }
        : { allowed: false, why: 'not granted' };
    },
    extent: () => 'all',
  };
  const ended: { socket: WatchSocket; why: string }[] = [];
  const entitled = createEntitled((socket, why) => {
    ended.push({ socket, why });
    entitled.leave(socket);
  });
  const join = (service: string) => {
    const socket = createSocket();
    entitled.join(socket, reader, topic(service));
    return socket;
  };
  return { may, entitled, ended, join, asked: () => asked };
}

test('those that may not go on are ended, and nobody else', async () => {
  const { may, entitled, ended, join } = start();
  const [risk] = [join('risk'), join('orders')];
  entitled.look();
  await vi.runAllTimersAsync();
  expect(ended).toEqual([]);
  may.delete('risk');
  entitled.look();
  await vi.runAllTimersAsync();
  expect(ended).toEqual([{ socket: risk, why: 'not granted' }]);
});

test('a thousand streams of a topic are asked for once', () => {
  const { entitled, join, asked } = start();
  for (let count = 0; count < 1_000; count++) join('risk');
  entitled.look();
  expect(asked()).toBe(1);
});

test('a stream ends with the time of its reader, also one that is further off than a timer reaches', async () => {
  const days = 60 * 24 * 60 * 60 * 1_000;
  const { ended, join } = start(Date.now() + days);
  const socket = join('risk');
  await vi.advanceTimersByTimeAsync(days - 1);
  expect(ended).toEqual([]);
  await vi.advanceTimersByTimeAsync(10);
  expect(ended.map(each => each.socket)).toEqual([socket]);
});

test('nothing is left of those who leave', async () => {
  const { entitled, ended, join } = start(Date.now() + 1_000);
  const sockets = [join('risk'), join('risk'), join('orders')];
  for (const socket of sockets) entitled.leave(socket);
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ended).toEqual([]);
});
