import { type Denial, RepeatedDenial } from '@quantivista/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatherDenials } from './denials.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const denial = fc.record({ caller: text, action: text, resource: text, why: text });
const of = (more: Partial<Denial>): Denial => ({
  caller: 'ann',
  action: 'read',
  resource: 'TEST/risk/a',
  why: '',
  ...more,
});
const total = (rows: readonly RepeatedDenial[]) => rows.reduce((sum, { times }) => sum + times, 0);

test('whatever is denied is counted once, and can be kept', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(denial, fc.nat({ max: 100 })), { maxLength: 50 }), denials => {
      const gathering = gatherDenials();
      for (const [each, atMs] of denials) gathering.add(each, atMs);
      const rows = gathering.take();
      expect(total(rows)).toBe(denials.length);
      for (const row of rows) expect(RepeatedDenial.parse(row)).toEqual(row);
      expect(gathering.take()).toEqual([]);
    }),
  );
});

test('what is alike is one row, from the first to the last', () => {
  const gathering = gatherDenials();
  gathering.add(of({}), 2_000);
  gathering.add({ ...of({}), first_at: 1_000, last_at: 1_500, times: 5 }, 9_000);
  gathering.add(of({ resource: 'TEST/risk/b' }), 3_000);
  expect(gathering.take()).toEqual([
    { ...of({}), first_at: 1_000, last_at: 2_000, times: 6 },
    { ...of({ resource: 'TEST/risk/b' }), first_at: 3_000, last_at: 3_000, times: 1 },
  ]);
});

test('a flood of different ones comes to a few rows that lose none, whoever sends it', () => {
  const gathering = gatherDenials();
  for (let at = 0; at < 20_000; at++)
    gathering.add(
      of({ caller: `caller-${at % 700}`, resource: `TEST/risk/${at}`, why: 'x'.repeat(5_000) }),
      at,
    );
  const rows = gathering.take();
  expect(rows.length).toBeLessThan(700);
  expect(total(rows)).toBe(20_000);
  expect(JSON.stringify(rows).length).toBeLessThan(500_000);
});
