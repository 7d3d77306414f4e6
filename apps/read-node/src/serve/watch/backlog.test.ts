import { beforeEach, expect, test } from 'vitest';
import { type Backlog, createBacklog } from './backlog.ts';
import { createSocket, type TestSocket } from './hub-under-test.ts';

let now = 0;
let excess: string[] = [];
let backlog: Backlog;
const socketOf = new Map<string, TestSocket>();
const socket = (name: string) => {
  const known = socketOf.get(name) ?? createSocket();
  socketOf.set(name, known);
  return known;
};
/** Hand over `bytes`; the client takes them later. */
const write = (name: string, bytes: number) => {
  socket(name).waiting += bytes;
  backlog.wrote(socket(name), bytes);
};
const take = (name: string, bytes: number) => {
  socket(name).waiting -= bytes;
};
const lookAt = (time: number, name = 'a') => {
  now = time;
  return backlog.look(socket(name));
};

beforeEach(() => {
  now = 0;
  excess = [];
  socketOf.clear();
  backlog = createBacklog({
    softLimitBytes: 100,
    writeTimeoutMs: 10,
    budgetBytes: 1_000,
    now: () => now,
    onExcess: (which, why) => {
      const name = [...socketOf].find(([, each]) => each === which)![0];
      excess.push(`${name} ${why}`);
    },
  });
});

test('nothing taken within the time is too slow, however little waits', () => {
  write('a', 1);
  lookAt(9);
  expect(excess).toEqual([]);
  lookAt(10);
  expect(excess).toEqual(['a too_slow']);
  expect(backlog.bytes).toBe(0);
});

test('a soft limit’s worth taken within the time is quick enough, however much waits', () => {
  write('a', 900);
  for (let time = 9; time < 60; time += 9) {
    take('a', 100);
    expect(lookAt(time)).toBeGreaterThan(0);
  }
  expect(excess).toEqual([]);
  take('a', 99);
  lookAt(60);
  lookAt(73);
  expect(excess).toEqual(['a too_slow']);
});

test('one that is written to all the time and takes all the time is quick enough', () => {
  write('a', 50);
  for (let time = 1; time < 100; time++) {
    write('a', 50);
    take('a', 50);
    lookAt(time);
  }
  expect(excess).toEqual([]);
  take('a', 50);
  expect(lookAt(100)).toBe(0);
  expect([...backlog.sockets]).toEqual([]);
});

test('above the budget the slowest go, and no more of them than must', () => {
  write('a', 300);
  now = 1;
  write('b', 300);
  now = 2;
  write('c', 300);
  // `a` is no longer the one who has taken nothing for longest.
  take('a', 100);
  lookAt(3, 'a');
  write('c', 150);
  expect(excess).toEqual([]);
  write('c', 200);
  expect(excess).toEqual(['b over_budget']);
  expect(backlog.bytes).toBe(850);
});

test('what clients have taken meanwhile does not count against the budget', () => {
  write('a', 900);
  take('a', 900);
  write('b', 900);
  expect([excess, backlog.bytes]).toEqual([[], 900]);
});
