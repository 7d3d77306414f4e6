import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Sent } from './frame.ts';
import { createShards, SHARD_SIZE, type Shard } from './shard.ts';

const item = (text: string): Sent => ({
  text,
  size: text.length,
  bytes: Buffer.from(text),
  event: Buffer.from(text),
});

interface Member {
  readonly got: string[];
  shard: Shard<Member, Sent>;
}

function startShards(firstAtOnce = false) {
  const waiting: (() => void)[] = [];
  const shards = createShards<Member, Sent>({
    turns: task => waiting.push(task),
    firstAtOnce,
    deliver: (member, items) => member.got.push(...items.map(({ text }) => text)),
  });
  return {
    shards,
    enter: (): Member => {
      const shard = shards.withRoom();
      shard.flush();
      const member = { got: [], shard };
      shard.join(member);
      return member;
    },
    leave: (member: Member) => member.shard.leave(member),
    push: (text: string) => {
      for (const shard of shards.all) shard.push(item(text));
    },
    turn: () => {
      for (const task of waiting.splice(0)) task();
    },
  };
}

test('whoever comes and goes, each is sent everything from its coming to its leaving, once and in order', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('enter' as const), count: fc.integer({ min: 1, max: SHARD_SIZE + 5 }) }),
    fc.record({ kind: fc.constant('leave' as const), count: fc.integer({ min: 1, max: SHARD_SIZE * 2 }) }),
    fc.record({ kind: fc.constantFrom('push' as const, 'turn' as const), count: fc.constant(1) }),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 30 }), (firstAtOnce, steps) => {
      const at = startShards(firstAtOnce);
      const present = new Map<Member, string[]>();
      let pushed = 0;
      for (const { kind, count } of steps) {
        if (kind === 'enter') for (let n = 0; n < count; n++) present.set(at.enter(), []);
        if (kind === 'leave') {
          for (const member of [...present.keys()].slice(0, count)) {
            at.leave(member);
            present.delete(member);
          }
        }
        if (kind === 'push') {
          at.push(String(pushed));
          for (const wanted of present.values()) wanted.push(String(pushed));
          pushed++;
        }
        if (kind === 'turn') at.turn();
        const sizes = [...at.shards.all].map(({ members }) => members.size);
        expect(sizes.every(size => size > 0 && size <= SHARD_SIZE)).toBe(true);
        expect(sizes.reduce((a, b) => a + b, 0)).toBe(present.size);
      }
      at.turn();
      for (const [member, wanted] of present) expect(member.got).toEqual(wanted);
    }),
  );
});

test('who comes to a shard whose last member has just left is sent everything', () => {
  const at = startShards();
  const first = at.enter();
  const shard = at.shards.withRoom();
  at.leave(first);
  const second: Member = { got: [], shard };
  shard.join(second);
  at.push('a');
  at.turn();
  expect(second.got).toEqual(['a']);
});

test('places that become free are taken before another shard is opened', () => {
  const at = startShards();
  const members = Array.from({ length: SHARD_SIZE * 2 }, at.enter);
  for (const member of [members[0]!, members.at(-1)!]) at.leave(member);
  at.enter();
  at.enter();
  expect(at.shards.all.size).toBe(2);
  at.enter();
  expect(at.shards.all.size).toBe(3);
});
