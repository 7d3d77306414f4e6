import { afterEach, beforeEach, expect, test } from 'vitest';
import { EPOCH_MS, installVirtualClock, type VirtualClock } from './virtual-clock.ts';

let clock: VirtualClock;
beforeEach(() => {
  clock = installVirtualClock(() => 0.5);
});
afterEach(() => clock.restore());

test('what is due runs in the order of time, then of asking', async () => {
  const ran: string[] = [];
  setTimeout(() => ran.push('2 ms'), 2);
  setTimeout(() => ran.push('1 ms, first'), 1);
  clock.after(1, () => ran.push('1 ms, second'));
  setImmediate(() => ran.push('at once'));
  await clock.pass(2);
  expect(ran).toEqual(['at once', '1 ms, first', '1 ms, second', '2 ms']);
});

test('between two instants no microtask is left, however long the chain', async () => {
  let turns = 0;
  const chain = async () => {
    for (let turn = 0; turn < 1_000; turn++) turns = await turn;
  };
  let seen = 0;
  setTimeout(() => void chain(), 1);
  clock.after(1.1, () => {
    seen = turns;
  });
  await clock.pass(2);
  expect(seen).toBe(999);
});

test('clocks and chance are the simulation’s, and nothing really waits', async () => {
  const started = process.hrtime.bigint();
  await clock.pass(3_600_000);
  expect(Date.now()).toBe(EPOCH_MS + 3_600_000);
  expect(performance.now()).toBe(3_600_000);
  expect(Math.random()).toBe(0.5);
  expect(process.hrtime.bigint() - started).toBeLessThan(60_000_000_000n);
});

test('a cancelled timer does not run, an interval until it is cleared', async () => {
  const ran: string[] = [];
  clearTimeout(setTimeout(() => ran.push('never'), 1));
  const interval = setInterval(() => {
    ran.push('beat');
    if (ran.length === 3) clearInterval(interval);
  }, 10);
  await clock.pass(100);
  expect(ran).toEqual(['beat', 'beat', 'beat']);
});

test('what is waited for in vain is an error that names it', async () => {
  await expect(clock.until('the moon', () => false, 1_000)).rejects.toThrow('the moon');
});

test('an error in a timer ends the passing of time', async () => {
  setTimeout(() => {
    throw new Error('broken');
  }, 5);
  await expect(clock.pass(10)).rejects.toThrow('broken');
});
