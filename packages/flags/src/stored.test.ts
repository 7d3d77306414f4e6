import { expect, test } from 'vitest';
import { evaluate } from './evaluate.ts';
import { createFlagReader } from './stored.ts';

const text = (name: string, fields: object = {}) =>
  JSON.stringify({ flag_name: name, enabled: true, rollout_percentage: 100, ...fields });
const testers = (plan: string): [string, string] => [
  'testers',
  JSON.stringify({ segment_name: 'testers', conditions: { plan } }),
];

test('what was read before and is the same text is the same compiled flag', () => {
  const { read } = createFlagReader();
  const before = read([
    ['a', text('a')],
    ['b', text('b')],
  ]);
  const after = read([
    ['a', text('a')],
    ['b', text('b', { enabled: false })],
  ]);
  expect(after.flags.get('a')).toBe(before.flags.get('a'));
  expect([before, after].map(set => evaluate(set, 'b', {}).variant)).toEqual(['on', 'off']);
  expect(read([]).flags.size).toBe(0);
});

test('segments are read with them', () => {
  const { read } = createFlagReader();
  const flags: [string, string][] = [['a', text('a', { conditions: { $segment: 'testers' } })]];
  expect(evaluate(read(flags, [testers('pro')]), 'a', { plan: 'pro' }).variant).toBe('on');
  expect(evaluate(read(flags, [testers('team')]), 'a', { plan: 'pro' }).variant).toBe('off');
  expect(evaluate(read(flags, []), 'a', { plan: 'pro' }).reason).toBe('ERROR');
});

test.each(['{', 'null', text('a', { colour: 'red' })])('%s is unreadable, and says so', stored => {
  const { read } = createFlagReader();
  const asking = text('b', { prerequisites: [{ flag: 'a' }] });
  const set = read([
    ['a', stored],
    ['b', asking],
  ]);
  expect(evaluate(set, 'a', {})).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR' });
  expect(evaluate(set, 'b', {})).toMatchObject({ variant: 'off', errorCode: 'GENERAL' });
  expect(evaluate(read([['a', text('a')]]), 'a', {}).variant).toBe('on');
});
