/** The streaming checks are checked: they accept what is right, and name the guarantee of each planted fault. */
import type { UpdateFrame } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTENT_FAULTS } from '../content-faults.ts';
import { correctHistory, historyPlan } from '../correct-history.ts';
import type { History, WatchEvent } from '../history.ts';
import { type Frame, inEvents, isUpdate, updatesOf } from '../plant.ts';
import type { PlantedFault } from '../planted-fault.ts';
import { STREAM_FAULTS } from '../stream-faults.ts';
import type { Violation } from '../violation.ts';
import { WRITE_FAULTS } from '../write-faults.ts';
import { createJudgedWatcher } from './judged-watcher.ts';
import { createServed } from './served.ts';
import { createTellings } from './telling.ts';
import { createLiveTruth } from './truth.ts';
import { createWritten } from './written.ts';

interface ReplayOptions {
  /** Events of the watchers and reads for each revision of the store: below one, the frames come late. */
  readonly pace?: number;
  readonly mayReset?: boolean;
  /** Forget what nobody needs after every step. */
  readonly forget?: boolean;
}

/** A recorded history, told to the streaming checks as if it happened now. */
function replay(history: History, { pace = 1, mayReset = true, forget = true }: ReplayOptions = {}) {
  const violations: Violation[] = [];
  const report = (violation: Violation) => void violations.push(violation);
  const truth = createLiveTruth();
  const served = createServed(truth, report);
  const written = createWritten(report);
  const watchers = history.watchers.map(({ id, topic, events }) => ({
    topic,
    events: [...events],
    telling: createTellings(topic, truth),
    judged: createJudgedWatcher({ id, topic, truth, report }),
  }));
  const reads = history.lives.map(({ node, life, reads }) => ({
    name: `${node}, life ${life}`,
    reads: [...reads],
  }));
  const calls = history.writes.flatMap(write => [
    { at: write.sentAt, call: () => written.sent(write.id, write.changes) },
    { at: write.answeredAt, call: () => written.answered(write.id, write.outcome) },
  ]);
  calls.sort((a, b) => a.at - b.at);
  const callUntil = (at: number) => {
    while (calls[0] && calls[0].at <= at) calls.shift()!.call();
  };
  const events = (count: number) => {
    for (const { events, telling, judged } of watchers)
      for (const event of events.splice(0, count)) {
        if (event.kind === 'connect') judged.connected(event.node, event.since);
        else judged.received(event.node, telling(JSON.stringify(event.frame)), mayReset);
      }
    for (const { name, reads: left } of reads)
      for (const read of left.splice(0, count)) served.read(name, { ...read, askedAt: 0, ageMs: 0 });
  };

  for (const [index, stored] of history.store.entries()) {
    const changes =
      index === 0
        ? [...stored.changes, { key: '/quantivista/_generation', value: history.generation }]
        : stored.changes;
    callUntil(stored.revision * 10 + 2);
    const commit = truth.add({ ...stored, changes });
    if (commit) written.committed(commit);
    served.proceed(stored.revision, 0);
    for (const { judged } of watchers) judged.proceed();
    events(Math.floor((index + 1) * pace) - Math.floor(index * pace));
    if (forget) for (const { topic } of watchers) truth.forget(topic, slowest(topic.service));
  }
  function slowest(service: string): number {
    const of = watchers.filter(({ topic }) => topic.service === service);
    // Reads have no position: they are judged far behind here.
    return reads.some(each => each.reads.length > 0)
      ? -1
      : Math.min(...of.map(({ judged }) => judged.position));
  }
  callUntil(Number.POSITIVE_INFINITY);
  events(Number.POSITIVE_INFINITY);
  for (const { judged } of watchers) judged.end();
  served.end();
  written.end();
  return { violations, held: truth.held };
}

const named = (violations: readonly Violation[]) => new Set(violations.map(({ guarantee }) => guarantee));
const paces = fc.constantFrom(0.5, 1, 3);

test('a correct history has no violation, whether frames come before or after the store tells of them', () => {
  fc.assert(
    fc.property(historyPlan, paces, (plan, pace) => {
      expect(replay(correctHistory(plan), { pace }).violations).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('what every watcher has passed is forgotten', () => {
  fc.assert(
    fc.property(historyPlan, plan => {
      const history = { ...correctHistory(plan), lives: [] };
      expect(replay(history, { pace: 10, forget: true }).held).toBeLessThan(
        replay(history, { pace: 10, forget: false }).held,
      );
    }),
  );
});

describe('a planted fault is named', () => {
  const swapped = (fault: PlantedFault): PlantedFault =>
    // A frame that came late was missing first.
    fault.breaks === 'Ordered' ? { ...fault, mayBreak: [...(fault.mayBreak ?? []), 'Reliable'] } : fault;
  test.each([...STREAM_FAULTS, ...CONTENT_FAULTS, ...WRITE_FAULTS].map(swapped))(
    '$name: $breaks',
    ({ breaks, mayBreak = [], plant }) => {
      fc.assert(
        fc.property(historyPlan, fc.nat(10_000), paces, (plan, choice, pace) => {
          const planted = plant(correctHistory(plan), choice);
          fc.pre(planted !== undefined);
          const found = named(replay(planted, { pace, forget: false }).violations);
          expect(found).toContain(breaks);
          expect([breaks, ...mayBreak]).toEqual(expect.arrayContaining([...found]));
        }),
      );
    },
  );

  test('a reset that nothing excuses: Resumable', () => {
    fc.assert(
      fc.property(historyPlan, plan => {
        const history = correctHistory(plan);
        fc.pre(history.watchers.some(({ events }) => events.some(isReset)));
        expect(named(replay(history, { mayReset: false }).violations)).toEqual(new Set(['Resumable']));
      }),
    );
  });

  test('an age below the true one: Age', () => {
    const truth = createLiveTruth();
    const found: Violation[] = [];
    const served = createServed(truth, violation => found.push(violation));
    const read = {
      topic: { environment: 'TEST', service: 'a' },
      generation: 'g',
      revision: 1,
      map: {},
    } as const;
    truth.add({ revision: 1, changes: [{ key: '/quantivista/_generation', value: 'g' }] });
    served.proceed(1, 1_000);
    truth.add({ revision: 2, changes: [] });
    served.proceed(2, 2_000);
    for (const ageMs of [500, 499]) served.read('node', { ...read, askedAt: 2_500, ageMs });
    expect(found.map(({ guarantee }) => guarantee)).toEqual(['Age']);
  });
});

const isReset = (event: WatchEvent) => event.kind === 'frame' && event.frame.type === 'reset';

describe('a jump over several changes', () => {
  /** The two updates from `at` on, as one that leads from the state before them to the state after. */
  const jump = (events: readonly WatchEvent[], at: number): Frame => {
    const [first, second] = [events[at] as Frame, events[at + 1] as Frame];
    const merged = new Map(updatesOf(first).map(update => [update.config_key, update]));
    for (const update of updatesOf(second)) {
      const { old_value } = merged.get(update.config_key) ?? update;
      merged.set(update.config_key, { ...update, old_value });
    }
    const from = { conflated_from: first.frame.revision - 1, updates: [...merged.values()] };
    return { ...second, frame: { ...second.frame, ...from } as UpdateFrame };
  };
  const inJumps = (change: (frame: UpdateFrame) => Partial<UpdateFrame>) =>
    inEvents(
      (events, at) => isUpdate(events[at]) && isUpdate(events[at + 1]),
      (events, at) => {
        const made = jump(events, at);
        const frame = made.frame as UpdateFrame;
        return [{ ...made, frame: { ...frame, ...change(frame) } }];
      },
      2,
    );
  const planted = (change: (frame: UpdateFrame) => Partial<UpdateFrame>, expected: readonly string[]) =>
    fc.assert(
      fc.property(historyPlan, fc.nat(10_000), paces, (plan, choice, pace) => {
        const history = inJumps(change)(correctHistory(plan), choice);
        fc.pre(history !== undefined);
        expect([...named(replay(history, { pace }).violations)]).toEqual(expected);
      }),
    );

  test('is accepted', () => planted(() => ({}), []));
  test('that leaves out a key: Atomic', () =>
    planted(
      ({ updates }) => {
        // One that came and went may be left out.
        const needed = updates.find(({ deleted, old_value }) => !(deleted && old_value === null));
        fc.pre(needed !== undefined);
        return { updates: updates.filter(update => update !== needed) };
      },
      ['Atomic'],
    ));
  test('that tells a key of another state: StatesExisted', () =>
    planted(
      ({ updates: [first, ...rest] }) => ({ updates: [{ ...first!, version: first!.version + 1 }, ...rest] }),
      ['StatesExisted'],
    ));
  test('that tells a key which did not change: Atomic', () =>
    planted(
      ({ updates }) => ({ updates: [...updates, { ...updates[0]!, config_key: 'key-9' }] }),
      ['Atomic'],
    ));
});
