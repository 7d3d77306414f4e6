import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COMMIT_KEY, GENERATION_KEY, HEARTBEAT_KEY, TOKENS_PREFIX } from './keys.ts';
import { ENVIRONMENTS, type Environment } from './names.ts';
import { createScope, EnvironmentList, EVERYTHING } from './scope.ts';

const at = (key: string) => ({ key: `/quantivista/${key}` });
const keys = (entries: readonly { key: string }[]) => entries.map(({ key }) => key);
const own = { key: `${TOKENS_PREFIX}ab` };

describe('a scope of one environment', () => {
  const scope = createScope(['TEST']);

  test('holds its own keys and those of no environment, whatever their depth', () => {
    const held = [
      at('test/risk/a'),
      at('test/stray/a/b'),
      { key: HEARTBEAT_KEY },
      { key: GENERATION_KEY },
      own,
    ];
    const dropped = [at('production/risk/a'), at('production/stray/a/b'), at('test2/risk/a'), at('stray')];
    expect([...scope.state([...held, ...dropped])]).toEqual(held);
    expect(scope.changes([...dropped, ...held])).toEqual(held);
  });

  test('holds a commit note only together with what it tells of', () => {
    const note = { key: COMMIT_KEY };
    expect([...scope.state([note, own])]).toEqual([own]);
    expect(scope.changes([at('production/risk/a'), note])).toEqual([]);
    expect(keys(scope.changes([at('test/risk/a'), note]))).toEqual(['/quantivista/test/risk/a', COMMIT_KEY]);
  });
});

test('one scope covers another where it lacks none of its environments', () => {
  const some = fc.uniqueArray(fc.constantFrom(...ENVIRONMENTS), { minLength: 1 });
  fc.assert(
    fc.property(some, some, (held, wanted) => {
      expect(createScope(held).covers(createScope(wanted))).toBe(wanted.every(each => held.includes(each)));
    }),
  );
});

test('all environments by name are no restriction', () => {
  expect(createScope([...ENVIRONMENTS].reverse())).toBe(EVERYTHING);
  expect(createScope()).toBe(EVERYTHING);
  expect(EVERYTHING.covers(createScope(['TEST' satisfies Environment]))).toBe(true);
});

test.each(['', 'test,', 'test,nowhere', ','])('"%s" is no list of environments', text => {
  expect(EnvironmentList.safeParse(text).success).toBe(false);
});
test('a list of environments in any case', () => {
  expect(EnvironmentList.parse('test, Production')).toEqual(['TEST', 'PRODUCTION']);
});
