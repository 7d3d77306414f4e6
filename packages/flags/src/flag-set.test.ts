import { FeatureFlag, Segment } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import { checkFlagSet, MAX_PREREQUISITES } from './check.ts';
import { evaluate } from './evaluate.ts';
import { createFlagSet } from './flag-set.ts';

const flag = (flag_name: string, fields: Partial<FeatureFlag> = {}): FeatureFlag =>
  FeatureFlag.parse({ flag_name, enabled: true, rollout_percentage: 100, ...fields });
const asks = (...names: string[]) => ({
  prerequisites: names.map(name => ({ flag: name, variants: ['on'] })),
});
const testers = (plan: string) => Segment.parse({ segment_name: 'testers', conditions: { plan } });

describe('faults', () => {
  test.each<[string, FeatureFlag[], object[]]>([
    [
      'a flag that is not there',
      [flag('a', asks('b'))],
      [{ flag: 'a', field: 'prerequisites.0.flag', message: 'there is no flag b' }],
    ],
    [
      'a variant that is not there',
      [flag('a', { prerequisites: [{ flag: 'b', variants: ['on', 'red'] }] }), flag('b')],
      [{ flag: 'a', field: 'prerequisites.0.variants', message: 'b has no variant red' }],
    ],
    [
      'a segment that is not there, deep in a rule',
      [flag('a', { rules: [{ when: { $or: [{ $not: { $segment: 'nobody' } }] }, serve: 'on' }] })],
      [{ flag: 'a', field: 'rules.0.when.$or.0.$not.$segment', message: 'there is no segment nobody' }],
    ],
    [
      'a circle, by its way',
      [flag('a', asks('b')), flag('b', asks('c')), flag('c', asks('a'))],
      [
        { flag: 'a', message: 'form a circle: a → b → c → a' },
        { flag: 'b', message: 'form a circle: b → c → a → b' },
        { flag: 'c', message: 'form a circle: c → a → b → c' },
      ],
    ],
    ['a flag that asks for itself', [flag('a', asks('a'))], [{ message: 'form a circle: a → a' }]],
  ])('%s', (_, flags, expected) => {
    expect(checkFlagSet(flags, [])).toMatchObject(expected);
    expect(evaluate(createFlagSet(flags), 'a', {})).toMatchObject({
      value: false,
      variant: 'off',
      reason: 'ERROR',
      errorCode: 'GENERAL',
    });
  });

  test('a long chain is one, and so is a wide tree; a flag at their end is none', () => {
    const chain = Array.from({ length: 3000 }, (_, index) =>
      flag(`f${index}`, index === 0 ? {} : asks(`f${index - 1}`)),
    );
    const faulty = new Set(checkFlagSet(chain, []).map(fault => fault.flag));
    expect(faulty.size).toBe(chain.length - MAX_PREREQUISITES);
    expect(faulty.has(`f${MAX_PREREQUISITES - 1}`)).toBe(false);
    const reversed = new Set(checkFlagSet(chain.toReversed(), []).map(fault => fault.flag));
    expect(reversed).toEqual(faulty);

    const doubling = Array.from({ length: 40 }, (_, index) =>
      flag(`d${index}`, index === 0 ? {} : asks(`d${index - 1}`, `d${index - 1}`)),
    );
    expect(checkFlagSet(doubling, []).length).toBe(40 - 5);
  });

  test('who asks for a faulty flag is off and says so, whatever it wants of it', () => {
    const off = { prerequisites: [{ flag: 'broken', variants: ['off'] }] };
    const set = createFlagSet([
      flag('top', asks('middle')),
      flag('middle', off),
      flag('broken', asks('gone')),
    ]);
    expect(evaluate(set, 'top', {})).toMatchObject({ variant: 'off', errorCode: 'GENERAL' });
    expect(evaluate(set, 'top', {}).errorDetails).toContain('gone');
    expect(set.faults.map(fault => fault.flag)).toEqual(['broken']);
  });
});

describe('the set of the next state', () => {
  const base = flag('base');
  const dependent = flag('dependent', asks('base'));
  const other = flag('other', { conditions: { $segment: 'testers' } });
  const segment = testers('pro');
  const before = createFlagSet([base, dependent, other], [segment]);

  test('shares what did not change', () => {
    const after = createFlagSet([base, dependent, other, flag('new')], [segment], before);
    for (const name of ['base', 'dependent', 'other']) {
      expect(after.flags.get(name)).toBe(before.flags.get(name));
    }
  });

  test('does not share what refers to something that did', () => {
    const after = createFlagSet(
      [flag('base', { enabled: false }), dependent, other],
      [testers('team')],
      before,
    );
    expect(evaluate(after, 'dependent', {}).variant).toBe('off');
    expect(evaluate(after, 'other', { plan: 'team' }).variant).toBe('on');
    expect(evaluate(before, 'dependent', {}).variant).toBe('on');
    expect(evaluate(before, 'other', { plan: 'pro' }).variant).toBe('on');
  });

  test('heals when what was missing comes', () => {
    const broken = createFlagSet([dependent]);
    expect(evaluate(broken, 'dependent', {}).reason).toBe('ERROR');
    const healed = createFlagSet([base, dependent], [], broken);
    expect(evaluate(healed, 'dependent', {}).variant).toBe('on');
  });
});
