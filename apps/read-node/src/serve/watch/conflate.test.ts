import { configurationKey } from '@quantivista/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HistoryEntry } from '../../follow/history.ts';
import { netChanges } from './conflate.ts';
import { topicFilter } from './topic.ts';

const TOPICS = [
  { environment: 'TEST', service: 'risk' },
  { environment: 'TEST', service: 'risk', prefix: 'a' },
  { environment: 'TEST', service: '*' },
  { environment: 'TEST', service: '*', prefix: 'ab' },
] as const;
const step = fc.array(
  fc.record({
    path: fc.record({
      environment: fc.constantFrom('TEST' as const, 'STAGING' as const),
      service: fc.constantFrom('risk', 'risky', 'pricing'),
      key: fc.constantFrom('a', 'ab', 'abc', 'b'),
    }),
    value: fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 4 },
);

test('the net changes lead from the state before a stretch of history to the one after it, and say no more', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...TOPICS),
      fc.array(step, { maxLength: 4 }),
      fc.array(step, { maxLength: 8 }),
      (topic, before, within) => {
        const state = new Map<string, string>();
        const play = (steps: typeof within): HistoryEntry[] =>
          steps.map((changes, index) => {
            const keys = new Map(changes.map(({ path, value }) => [configurationKey(path), value]));
            const entry = {
              revision: index,
              changes: [...keys].map(([key, value]) => ({ key, value, previous: state.get(key) })),
            };
            for (const [key, value] of keys) value === undefined ? state.delete(key) : state.set(key, value);
            return entry;
          });
        play(before);
        const from = new Map(state);
        const net = netChanges(play(within), topicFilter(topic)) ?? [];
        const concerned = (key: string) => topicFilter(topic)(key) !== undefined;
        const changed = [...new Set([...from.keys(), ...state.keys()])].filter(
          key => concerned(key) && from.get(key) !== state.get(key),
        );
        expect(net.map(({ change }) => change.key).sort()).toEqual(changed.sort());
        for (const { change, before } of net) {
          expect([before, change.value]).toEqual([from.get(change.key), state.get(change.key)]);
        }
      },
    ),
  );
});
