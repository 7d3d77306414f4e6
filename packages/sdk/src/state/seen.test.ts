import { expect, test } from 'vitest';
import { heartbeat, snapshot } from '../../test/frames.ts';
import { createAge } from './age.ts';
import { createSeen } from './seen.ts';

function start() {
  let nowMs = 1_000_000;
  const now = () => nowMs;
  const age = createAge(now);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { age, seen: createSeen(age, now), pass };
}
test('a life of the store that was left is not gone back to by a node that is behind', () => {
  const { seen, pass } = start();
  seen.take(snapshot(50, {}, 'old'), 'a');
  seen.take(snapshot(3, {}, 'new'), 'a');
  expect(() => seen.take(snapshot(60, {}, 'old'), 'b')).toThrow('b: went_back');
  expect(() => seen.take(heartbeat(60, 'old', 0), 'b')).toThrow('b: went_back');
  expect(seen.state).toMatchObject({ generation: 'new', revision: 3 });
  // Should it have been put back in earnest, everybody tells of it for longer.
  pass(60_000);
  expect(seen.take(snapshot(60, {}, 'old'), 'b')).toMatchObject({ generation: 'old', revision: 60 });
});

test('a node that is behind is refused, and changes nothing', () => {
  const { seen } = start();
  seen.take(snapshot(50, {}, 'g'), 'a');
  expect(() => seen.take(snapshot(49, {}, 'g'), 'b')).toThrow('b: went_back: a snapshot of g:49 after g:50');
  expect(seen.state).toMatchObject({ revision: 50 });
});

test('the age grows until a node says more', () => {
  const { age, seen, pass } = start();
  seen.take(snapshot(1, {}, 'g'), 'a');
  expect(age.ms()).toBeUndefined();
  seen.take(heartbeat(1, 'g', null), 'a');
  expect(age.ms()).toBeUndefined();
  seen.take(heartbeat(1, 'g', 0.5), 'a');
  expect(age.ms()).toBe(500);
  pass(1_500);
  expect(age.ms()).toBe(2_000);
  // Another node is no judge of what the one before knew.
  seen.take(heartbeat(1, 'g', 30), 'b');
  expect(age.ms()).toBe(2_000);
  seen.take(heartbeat(1, 'g', 0), 'b');
  expect(age.ms()).toBe(0);
});

test('a node says its age as the stream begins: it is that of the state which has come as far', () => {
  const { age, seen, pass } = start();
  seen.opened({ generation: 'g', revision: 5, ageMs: 300 });
  seen.take(snapshot(4, {}, 'g'), 'a');
  expect(age.ms()).toBeUndefined();
  pass(100);
  seen.take(heartbeat(5, 'g', null), 'a');
  expect(age.ms()).toBe(400);
  // One that comes back is as far already.
  pass(1_000);
  seen.opened({ generation: 'g', revision: 5, ageMs: 200 });
  expect(age.ms()).toBe(200);
  seen.opened({ generation: 'h', revision: 1, ageMs: 0 });
  expect(age.ms()).toBe(200);
});

test('nothing is known of the age of another life of the store', () => {
  const { age, seen } = start();
  seen.take(snapshot(1, {}, 'g'), 'a');
  seen.take(heartbeat(1, 'g', 0), 'a');
  seen.take(snapshot(1, {}, 'h'), 'a');
  expect(age.ms()).toBeUndefined();
});
