/** The order of deliveries and the cursor, as attempts end in any order and any way. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBacklog } from './backlog.ts';
import type { Item } from './lanes.ts';
import { wants } from './wants.ts';

const OPTIONS = { giveUpMs: 1_000_000, downAfter: 5 };
const head = (sequence: number, subject: string) => ({
  sequence,
  subject,
  type: 'configuration_updated' as const,
  environment: 'TEST',
  service: 'a',
  event: undefined,
});
const all = () => true;
const empty = (sequence = 0) => createBacklog({ sequence, waiting: [] }, OPTIONS);

test('an event waits for an earlier one of its subject, others go on', () => {
  const backlog = empty();
  backlog.add([head(1, 'a'), head(2, 'a'), head(3, 'b')], all);
  const [first, other] = [backlog.take(0)!, backlog.take(0)!];
  expect([first.sequence, other.sequence]).toEqual([1, 3]);
  expect(backlog.take(0)).toBeUndefined();
  backlog.failed(first, 'no', 50, 0);
  backlog.delivered(other, 0);
  expect(backlog.take(49)).toBeUndefined();
  expect(backlog.nextDueAt()).toBe(50);
  // What failed and what waits behind it is for the database to know: the cursor passes both.
  const saved = backlog.unsaved()!;
  expect(saved).toMatchObject({ sequence: 3, failures: 0, lastError: { text: 'no' } });
  expect(saved.waiting.map(each => [each.sequence, each.attempts])).toEqual([
    [2, 0],
    [1, 1],
  ]);
  const again = backlog.take(50)!;
  expect(again.sequence).toBe(1);
  backlog.delivered(again, 50);
  expect(backlog.take(50)!.sequence).toBe(2);
  expect(backlog.unsaved()!.delivered).toEqual([1]);
  expect(backlog.unsaved()).toBeUndefined();
});

test('one whose time is over is dead, and the next of its subject goes on', () => {
  const backlog = empty();
  backlog.add([head(1, 'a'), head(2, 'a')], all);
  expect(backlog.failed(backlog.take(0)!, 'gone', 0, Number.MAX_SAFE_INTEGER)).toBe(true);
  expect(backlog.unsaved()).toMatchObject({
    sequence: 1,
    dead: [{ sequence: 1, error: 'gone', attempts: 1 }],
  });
  expect(backlog.take(0)!.sequence).toBe(2);
});

test('a receiver that is back gets at once what waits for its time', () => {
  const backlog = empty();
  const subjects = ['a', 'b', 'c', 'd', 'e', 'f'];
  backlog.add(
    subjects.map((subject, index) => head(index + 1, subject)),
    all,
  );
  for (let count = 0; count < 5; count++) backlog.failed(backlog.take(0)!, 'down', 1_000, 0);
  backlog.delivered(backlog.take(0)!, 0);
  expect(Array.from({ length: 5 }, () => backlog.take(1)?.sequence)).toEqual([1, 2, 3, 4, 5]);
});

test('any run: each once delivered, each subject in order, nothing lost by a crash at any save', () => {
  const actions = fc.array(
    fc.tuple(fc.constantFrom('read', 'take', 'ok', 'fail', 'save', 'crash'), fc.nat(9)),
    {
      maxLength: 120,
    },
  );
  fc.assert(
    fc.property(actions, steps => {
      const subjectOf = (sequence: number) => `s${sequence % 4}`;
      const log: number[] = [];
      let now = 0;
      let next = 1;
      const saved = { sequence: 0, waiting: new Map<number, Item>() };
      let backlog = empty();
      let underWay: Item[] = [];
      const save = () => {
        const progress = backlog.unsaved();
        if (!progress) return;
        saved.sequence = progress.sequence;
        for (const sequence of progress.delivered) saved.waiting.delete(sequence);
        for (const each of progress.waiting) saved.waiting.set(each.sequence, each as Item);
      };
      const step = (action: string, number: number) => {
        now += 10;
        if (action === 'read') {
          const from = backlog.read + 1;
          backlog.add(
            Array.from({ length: number }, (_, index) => head(from + index, subjectOf(from + index))),
            all,
          );
          next = Math.max(next, backlog.read + 1);
        } else if (action === 'take') {
          const item = backlog.take(now);
          if (item) underWay.push(item);
        } else if (action === 'save') save();
        else if (action === 'crash') {
          const waiting = [...saved.waiting.values()].sort((a, b) => a.sequence - b.sequence);
          backlog = createBacklog({ sequence: saved.sequence, waiting }, OPTIONS);
          underWay = [];
        } else if (underWay.length > 0) {
          const [item] = underWay.splice(number % underWay.length, 1) as [Item];
          if (action === 'fail') backlog.failed(item, 'no', now + number, now);
          else {
            log.push(item.sequence);
            backlog.delivered(item, now);
          }
        }
      };
      for (const [action, number] of steps) step(action, number);
      // To the end, without faults.
      if (backlog.read < next - 1) step('read', next - 1 - backlog.read);
      while (backlog.size > 0) {
        now += 1_000;
        for (let item = backlog.take(now); item; item = backlog.take(now)) underWay.push(item);
        for (const item of underWay.splice(0)) {
          log.push(item.sequence);
          backlog.delivered(item, now);
        }
      }
      const firsts = [...new Set(log)];
      expect(firsts.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: next - 1 }, (_, index) => index + 1),
      );
      for (const subject of ['s0', 's1', 's2', 's3']) {
        const mine = firsts.filter(sequence => subjectOf(sequence) === subject);
        expect(mine).toEqual(mine.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 500 },
  );
});

test('a webhook is told of what its lists admit', () => {
  const lists = { types: [], environments: ['TEST' as const], services: ['a'] };
  expect(wants(lists, head(1, 'x'))).toBe(true);
  expect(wants(lists, { ...head(1, 'x'), service: 'b' })).toBe(false);
  expect(wants(lists, { ...head(1, 'x'), environment: 'PRODUCTION' })).toBe(false);
  const flag = { type: 'feature_flag_updated' as const, environment: undefined, service: undefined };
  expect(wants(lists, flag)).toBe(true);
  expect(wants({ ...lists, types: ['configuration_updated'] }, flag)).toBe(false);
});
