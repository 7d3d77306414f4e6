import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNodes } from './nodes.ts';

function createTime() {
  let nowMs = 0;
  return { now: () => nowMs, pass: (ms: number) => (nowMs += ms) };
}

test('the nearest first, the next where it does not answer, and back to it', () => {
  const time = createTime();
  const nodes = createNodes(['a', 'b'], time.now, () => 0.5);
  expect(nodes.next()).toEqual({ url: 'a', waitMs: 0 });
  nodes.failed('a');
  expect(nodes.next()).toEqual({ url: 'b', waitMs: 0 });
  nodes.failed('b');
  expect(nodes.next()).toEqual({ url: 'a', waitMs: 250 });
  time.pass(250);
  expect(nodes.next()).toEqual({ url: 'a', waitMs: 0 });
});

test('a node that says when to come back is not asked before', () => {
  const time = createTime();
  const nodes = createNodes(['a', 'b'], time.now, () => 0);
  nodes.failed('a', 4_000);
  nodes.failed('b', 9_000);
  expect(nodes.next()).toEqual({ url: 'a', waitMs: 4_000 });
});

test('waits grow with failures in a row, stay below half a minute, and end with an answer', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.array(random, { minLength: 1, maxLength: 60 }), chances => {
      const time = createTime();
      let chance = 0;
      const nodes = createNodes(['a'], time.now, () => chance);
      chances.forEach((each, failure) => {
        chance = each;
        nodes.failed('a');
        const { waitMs } = nodes.next();
        expect(waitMs).toBeCloseTo(each * Math.min(30_000, 500 * 2 ** failure), 6);
        time.pass(waitMs);
      });
      nodes.failed('a');
      nodes.answered('a');
      expect(nodes.next().waitMs).toBe(0);
      nodes.failed('a');
      expect(nodes.next().waitMs).toBeLessThanOrEqual(500);
    }),
  );
});
