import type { FlagUsageTable } from '@quantivista/audit';
import type { FeatureFlag } from '@quantivista/contracts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFlagUsages } from './flag-usage.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.parse('2026-12-01T12:34:56.789Z');
const KEPT = { minutesMs: 2 * DAY_MS, hoursMs: 90 * DAY_MS };
const ago = (ms: number) => NOW - ms;
const iso = (ms: number) => new Date(ms).toISOString();

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

const flag = (name: string, createdDaysAgo = 100, more: Partial<FeatureFlag> = {}): FeatureFlag => ({
  flag_name: name,
  enabled: true,
  rollout_percentage: 20,
  target_services: [],
  conditions: {},
  description: '',
  created_at: iso(ago(createdDaysAgo * DAY_MS)),
  ...more,
});

function usagesOf(known: {
  countingDays?: number;
  seen?: Record<string, number>;
  counted?: [variant: string | null, evaluations: number][];
}) {
  const asked: unknown[] = [];
  const { countingDays = 100, seen = {}, counted = [] } = known;
  const lastSeen = new Map(Object.entries(seen).map(([name, days]) => [name, ago(days * DAY_MS)]));
  const table: FlagUsageTable = {
    take: async () => true,
    countingSince: async () => ago(countingDays * DAY_MS),
    lastSeen: async () => lastSeen,
    totals: async (flags, step, sinceMs) => {
      asked.push([step, iso(sinceMs)]);
      return new Map(flags.map((name, index) => [name, index]));
    },
    variants: async (_, step, sinceMs) => {
      asked.push([step, iso(sinceMs)]);
      return counted.map(([variant, evaluations]) => ({ atMs: sinceMs, variant, evaluations }));
    },
    regions: async () => [],
    prune: async () => 0,
  };
  return { ...createFlagUsages(table, KEPT), asked };
}

describe('what is not used', () => {
  const unused = async (flags: FeatureFlag[], known: Parameters<typeof usagesOf>[0]) => {
    const page = { unusedForMs: 30 * DAY_MS, limit: 10 };
    const list = await usagesOf(known).list(flags, { sinceMs: ago(DAY_MS) }, page);
    return list.flags.map(each => each.flag_name);
  };

  test('is what nobody has evaluated for so long', async () => {
    const flags = [flag('never'), flag('lately'), flag('long-ago')];
    expect(await unused(flags, { seen: { lately: 29, 'long-ago': 31 } })).toEqual(['long-ago', 'never']);
  });

  test('is not known of flags that are younger, nor where counting is', async () => {
    expect(await unused([flag('young', 29), flag('old', 31)], {})).toEqual(['old']);
    expect(await unused([flag('old', 31)], { countingDays: 29 })).toEqual([]);
  });
});

test('flags come by name and page by page', async () => {
  const { list } = usagesOf({ seen: { b: 1 } });
  const span = { sinceMs: ago(DAY_MS) };
  const flags = [flag('c'), flag('b', 5, { archived: true }), flag('a')];
  const first = await list(flags, span, { limit: 2 });
  expect(first.flags).toMatchObject([
    { flag_name: 'a', last_seen: null, archived: false, evaluations: 0 },
    { flag_name: 'b', last_seen: iso(ago(DAY_MS)), archived: true, evaluations: 1 },
  ]);
  expect([first.next_after, first.other]).toEqual(['b', 2]);
  const second = await list(flags, span, { limit: 2, after: 'b' });
  expect(second.flags.map(each => each.flag_name)).toEqual(['c']);
  expect(second).not.toHaveProperty('next_after');
});

describe('the span', () => {
  test.each([
    [2 * HOUR_MS, undefined, 'minute', '2026-12-01T10:34:00.000Z'],
    [4 * HOUR_MS, undefined, 'hour', '2026-12-01T08:00:00.000Z'],
    [4 * HOUR_MS, 'minute', 'minute', '2026-12-01T08:34:00.000Z'],
    [30 * DAY_MS, 'minute', 'minute', '2026-11-29T12:34:00.000Z'],
    [365 * DAY_MS, 'hour', 'hour', '2026-09-02T12:00:00.000Z'],
    [NOW + DAY_MS, 'hour', 'hour', '2026-09-02T12:00:00.000Z'],
  ] as const)('of %i ms by %s is by %s, from %s', async (ms, wanted, step, since) => {
    const { of, asked } = usagesOf({});
    const usage = await of('a', flag('a'), { sinceMs: ago(ms), step: wanted });
    expect(usage).toMatchObject({ step, since });
    expect(asked).toEqual([[step, since]]);
  });
});

describe('one flag', () => {
  const span = { sinceMs: ago(HOUR_MS) };

  test('what its rollout has reached are those who were served another than the off variant', async () => {
    const counted: [string | null, number][] = [
      ['off', 800],
      ['on', 150],
      ['beta', 50],
      [null, 200],
    ];
    const usage = await usagesOf({ counted }).of('a', flag('a'), span);
    expect(usage).toMatchObject({
      evaluations: 1_200,
      rollout_percentage: 20,
      reached_percentage: 20,
      variants: [
        { variant: 'off', share: 66.67 },
        { variant: null, share: 16.67 },
        { variant: 'on', share: 12.5 },
        { variant: 'beta', share: 4.17 },
      ],
    });
  });

  test('that is gone is told of as long as its use is known', async () => {
    const { of } = usagesOf({ seen: { gone: 1 } });
    expect(await of('gone', undefined, span)).toMatchObject({
      rollout_percentage: null,
      reached_percentage: null,
      last_seen: iso(ago(DAY_MS)),
    });
    expect(await of('never-was', undefined, span)).toBeUndefined();
  });
});
