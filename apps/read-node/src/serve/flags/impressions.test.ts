import { type FeatureFlag, FLAGS_PREFIX } from '@quantivista/contracts';
import { impressionName } from '@quantivista/region';
import { buildSnapshot } from '@quantivista/snapshot';
import { expect, test } from 'vitest';
import { createHistory } from '../../follow/history.ts';
import { createReplica } from '../../follow/replica.ts';
import { createHeldFlags } from './held-flags.ts';
import { createImpressions } from './impressions.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';

function start(names: readonly string[], options: { maxPairs?: number } = {}, unreadable: string[] = []) {
  const replica = createReplica({ agingMs: 1_000, staleMs: 1_000 });
  const flag = (name: string): Partial<FeatureFlag> => ({
    flag_name: name,
    enabled: true,
    rollout_percentage: 100,
  });
  const entries = [
    ...names.map(name => [name, JSON.stringify(flag(name))] as const),
    ...unreadable.map(name => [name, '{'] as const),
  ].map(([name, value]) => ({ key: FLAGS_PREFIX + name, value, modRevision: 1 }));
  const load = () =>
    replica.replace({
      snapshot: buildSnapshot(GENERATION, 1, entries),
      history: createHistory(1, { length: 10 }),
    });
  return { impressions: createImpressions(createHeldFlags(replica), options), load };
}
const named = (...counts: [flag: string, variant: string | undefined, times: number][]) =>
  counts.map(([flag, variant, times]) => [impressionName(flag, variant), times]);

test('evaluations are counted by flag and variant, and taken once', () => {
  const { impressions, load } = start(['a', 'toString']);
  load();
  for (let times = 0; times < 3; times++) impressions.count('a', 'on');
  impressions.count('a', 'off');
  impressions.count('toString', 'on');
  expect(impressions.add('a', 'on', 10)).toBe(true);
  expect(impressions.take()).toEqual({
    counts: named(['a', 'on', 13], ['a', 'off', 1], ['toString', 'on', 1]),
    other: 0,
  });
  impressions.count('a', 'off');
  expect(impressions.take().counts).toEqual(named(['a', 'off', 1]));
  expect(impressions.take().counts).toEqual([]);
  expect(impressions.counted).toBe(16);
});

test('an evaluation that served none, or no variant of the flag, counts for the flag', () => {
  const { impressions, load } = start(['a'], {}, ['broken']);
  load();
  impressions.count('a', undefined);
  impressions.count('a', 'of an earlier version');
  impressions.count('broken', undefined);
  expect(impressions.take().counts).toEqual(named(['a', undefined, 2], ['broken', undefined, 1]));
});

test('what the node does not hold is not counted, and takes no room', () => {
  const { impressions, load } = start(['a'], { maxPairs: 1 });
  impressions.count('a', 'on');
  load();
  for (let made = 0; made < 100; made++) expect(impressions.add(`made-up-${made}`, 'on', 1)).toBe(false);
  impressions.count('a', 'on');
  expect(impressions.take()).toEqual({ counts: named(['a', 'on', 1]), other: 0 });
  expect([impressions.unknown, impressions.counted]).toEqual([101, 1]);
});

test('beyond so many pairs they are counted together, until there is room again', () => {
  const { impressions, load } = start(['a', 'b', 'c'], { maxPairs: 2 });
  load();
  for (const flag of ['a', 'b', 'c', 'c']) impressions.count(flag, 'on');
  impressions.count('a', 'on');
  expect(impressions.take()).toEqual({ counts: named(['a', 'on', 2], ['b', 'on', 1]), other: 2 });
  // A window in which nobody asks for the two lets go of them.
  impressions.count('c', 'on');
  expect(impressions.take()).toEqual({ counts: [], other: 1 });
  impressions.count('c', 'on');
  expect(impressions.take()).toEqual({ counts: named(['c', 'on', 1]), other: 0 });
  expect([impressions.other, impressions.counted]).toEqual([3, 7]);
});
