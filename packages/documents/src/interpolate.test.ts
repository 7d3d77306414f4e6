// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import { describe, expect, test } from 'vitest';
import { InterpolationError, interpolate } from './interpolate.ts';

const variables: Record<string, string> = { SET: 'value', EMPTY: '', OTHER: 'other', DOLLAR: '$SET' };
const expand = (template: string, unset: string[] = []) =>
  interpolate(
    template,
    name => variables[name],
    name => unset.push(name),
  );

test.each([
  ['no variable', 'no variable'],
  ['$SET and ${OTHER}!', 'value and other!'],
  ['$SET_', ''],
  ['${SET}$OTHER', 'valueother'],
  ['$$SET, $${SET}, $$$SET', '$SET, ${SET}, $value'],
  ['$DOLLAR', '$SET'],
  ['${UNSET:-default}', 'default'],
  ['${EMPTY:-default}', 'default'],
  ['${EMPTY-default}', ''],
  ['${UNSET-default}', 'default'],
  ['${SET:-default}', 'value'],
  ['${UNSET:-}', ''],
  ['${UNSET:-a:-b?c}', 'a:-b?c'],
  ['${UNSET:-${EMPTY:-${OTHER}}} end', 'other end'],
  ['${UNSET:-{"a": 1}', '{"a": 1'],
  ['${SET:+alternative}', 'alternative'],
  ['${EMPTY:+alternative}', ''],
  ['${EMPTY+alternative}', 'alternative'],
  ['${UNSET+alternative}', ''],
  ['${SET:+${OTHER}}', 'other'],
  ['${SET:?needed}', 'value'],
  ['${EMPTY?needed}', ''],
])('%s → %s', (template, expected) => {
  expect(expand(template)).toBe(expected);
});

test.each([
  ['${UNSET:?give it}', 'UNSET is required: give it'],
  ['${EMPTY:?$OTHER}', 'EMPTY is required: other'],
  ['${UNSET?}', 'UNSET is required'],
  ['${', 'unclosed'],
  ['${UNSET:-${SET}', 'unclosed'],
  ['costs 5$', 'stray $'],
  ['$1', 'stray $'],
  ['${}', 'not a variable'],
  ['${a b}', 'not a variable'],
  ['${SET!}', 'not a variable'],
])('%s is refused: %s', (template, message) => {
  expect(() => expand(template)).toThrow(InterpolationError);
  expect(() => expand(template)).toThrow(message);
});

describe('a variable that is not set', () => {
  test('becomes empty, and is named', () => {
    const unset: string[] = [];
    expect(expand('[$UNSET] ${UNSET:-$NOR_THIS} ${SET:-$UNUSED}', unset)).toBe('[]  value');
    expect(unset).toEqual(['UNSET', 'NOR_THIS']);
  });
});
