import { expect, test } from 'vitest';
import { createRateLimit, createRateLimits, networkOf } from './rate-limit.ts';

test('a burst, then so many a second, and never more than the burst however long nobody came', () => {
  let nowMs = 0;
  const limit = createRateLimit({ perSecond: 10, burst: 3, now: () => nowMs });
  const taken = () => {
    let count = 0;
    while (limit.take()) count++;
    return count;
  };
  expect(taken()).toBe(3);
  nowMs = 99;
  expect(taken()).toBe(0);
  nowMs = 100;
  expect(taken()).toBe(1);
  limit.give();
  expect(taken()).toBe(1);
  nowMs = 1_000_000;
  expect(taken()).toBe(3);
});

test('what is set aside is of the same number', () => {
  let nowMs = 0;
  const limit = createRateLimit({ perSecond: 100, burst: 25, lease: 10, now: () => nowMs });
  const taken = () => {
    let count = 0;
    while (limit.take()) count++;
    return count;
  };
  expect(taken()).toBe(25);
  nowMs = 50;
  expect(taken()).toBe(5);
});

test('each has its own; who was not heard of for longest is forgotten first', () => {
  const limits = createRateLimits({ perSecond: 1, capacity: 2, now: () => 0 });
  const use = (name: string) => limits.of(name).take();
  expect([use('a'), use('a'), use('a'), use('b')]).toEqual([true, true, false, true]);
  expect(limits.refused).toBe(1);
  expect(limits.of('a')).toBe(limits.of('a'));
  // `b` goes, since `a` was asked for after it.
  use('c');
  expect(use('a')).toBe(false);
  expect([use('b'), use('b'), use('b')]).toEqual([true, true, false]);
});

test('0 is no limit', () => {
  const limits = createRateLimits({ perSecond: 0 });
  for (let count = 0; count < 10_000; count++) expect(limits.of('a').take()).toBe(true);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  [undefined, ''],
])('%s is of %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
