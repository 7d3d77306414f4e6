import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBacklog } from './backlog.ts';
import type { Sent } from './frame.ts';
import { createNotices } from './notices.ts';
import { SHARD_SIZE } from './shard.ts';
import type { WatchSocket } from './socket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const BEAT_MS = 1_000;
const SOFT_LIMIT = 100;

interface TestSocket extends WatchSocket {
  readonly texts: string[];
  waiting: number;
}

function createSocket(): TestSocket {
  const texts: string[] = [];
  return {
    transport: 'sse',
    texts,
    waiting: 0,
    send: sent => {
      texts.push(...sent.map(({ text }) => text));
      return sent.reduce((bytes, { size }) => bytes + size, 0);
    },
    bufferedBytes() {
      return this.waiting;
    },
    close: () => {},
    destroy: () => {},
  };
}

function start() {
  const held = new Set<string | undefined>(['a', 'b']);
  const revoked: WatchSocket[] = [];
  let version = 1;
  let changed = () => {};
  const notice = (): Sent => {
    const bytes = Buffer.from(`v${version}`);
    return { text: `v${version}`, size: bytes.length, bytes, event: bytes };
  };
  const backlog = createBacklog({
    softLimitBytes: SOFT_LIMIT,
    writeTimeoutMs: 30_000,
    budgetBytes: 1_000_000,
    onExcess: () => {},
  });
  const notices = createNotices({
    source: {
      notice,
      listen: listener => {
        changed = listener;
      },
      holds: tokenHash => held.has(tokenHash),
    },
    backlog,
    softLimitBytes: SOFT_LIMIT,
    heartbeatMs: BEAT_MS,
    onRevoked: socket => {
      revoked.push(socket);
      notices.leave(socket);
    },
  });
  const enter = (count: number, token = 'a') =>
    Array.from({ length: count }, () => {
      const socket = createSocket();
      notices.enter(socket, token);
      return socket;
    });
  const change = () => {
    version++;
    changed();
  };
  return { notices, held, revoked, enter, change };
}
const TOLD = /^v/;
const told = (sockets: readonly TestSocket[]) =>
  sockets.map(({ texts }) => texts.filter(text => TOLD.test(text)));

test('who enters is told at once, and then of each change; of several at a time as of one', () => {
  const { enter, change } = start();
  const sockets = enter(2);
  expect(told(sockets)).toEqual([['v1'], ['v1']]);
  change();
  change();
  vi.advanceTimersByTime(100);
  expect(told(sockets)).toEqual([
    ['v1', 'v3'],
    ['v1', 'v3'],
  ]);
  expect(told(enter(1))).toEqual([['v3']]);
});

test('a crowd is told shard by shard, each of the newest', () => {
  const { enter, change } = start();
  const sockets = enter(3 * SHARD_SIZE);
  change();
  vi.advanceTimersByTime(40);
  const first = sockets.filter(({ texts }) => texts.includes('v2')).length;
  expect(first).toBe(SHARD_SIZE);
  change();
  vi.advanceTimersByTime(BEAT_MS / 2);
  for (const socket of sockets) expect(socket.texts.at(-1)).toBe('v3');
  expect(sockets.filter(({ texts }) => texts.includes('v2')).length).toBe(first);
});

test('who is silent otherwise is sent a beat, and a notice is never lost beside one', () => {
  const { enter, change } = start();
  const [socket] = enter(1);
  vi.advanceTimersByTime(3 * BEAT_MS + 10);
  expect(socket!.texts.filter(text => text === ': heartbeat\n\n')).toHaveLength(3);
  for (let at = 0; at < 50; at++) {
    // About the time of a beat, before and after.
    vi.advanceTimersByTime(BEAT_MS - 45 + at);
    change();
    vi.advanceTimersByTime(45);
    expect(socket!.texts.findLast(text => TOLD.test(text))).toBe(`v${at + 2}`);
  }
});

test('who does not read is told once it has read', () => {
  const { notices, enter, change } = start();
  const [slow, quick] = enter(2) as [TestSocket, TestSocket];
  slow.waiting = SOFT_LIMIT + 1;
  for (let count = 0; count < 3; count++) {
    change();
    vi.advanceTimersByTime(BEAT_MS);
    notices.resume();
  }
  expect([slow.texts, notices.lagging]).toEqual([['v1'], 1]);
  expect(told([quick])).toEqual([['v1', 'v2', 'v3', 'v4']]);
  slow.waiting = 0;
  notices.resume();
  notices.resume();
  expect([slow.texts, notices.lagging]).toEqual([['v1', 'v4'], 0]);
});

test('who may not be told any more is not, at once when rights change, else from the next beat on', () => {
  const { notices, held, revoked, enter, change } = start();
  const [first] = enter(1, 'c');
  notices.look();
  held.delete('c');
  notices.look();
  vi.advanceTimersByTime(1);
  expect(revoked.splice(0)).toEqual([first]);
  const [a, b] = [enter(1, 'a')[0]!, enter(1, 'b')[0]!];
  held.delete('a');
  vi.advanceTimersByTime(BEAT_MS + 10);
  expect(revoked).toEqual([a]);
  change();
  vi.advanceTimersByTime(100);
  expect(told([a, b])).toEqual([['v1'], ['v1', 'v2']]);
});

test('nothing goes on after the end', () => {
  const { notices, enter, change } = start();
  const [socket] = enter(1);
  change();
  notices.stop();
  vi.advanceTimersByTime(10 * BEAT_MS);
  expect(socket!.texts).toEqual(['v1']);
  expect(vi.getTimerCount()).toBe(0);
});
