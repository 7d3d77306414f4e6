import type { Json } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DocumentError } from './document-error.ts';
import { parseJson } from './json.ts';
import { readEnv } from './read-env.ts';
import { writeEnv } from './write-env.ts';
import { parseYamlValues, writeYaml } from './yaml.ts';

const key = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}$/).filter(name => name !== '__proto__');
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[ #$'"\\{}a=\n\r\t:-]{0,12}$/));
const readAll = (file: string) =>
  readEnv({
    text: file,
    name: 'test',
    onUnset: name => {
      throw new Error(`${name} is not set`);
    },
  });

test('an env file that was written is read as the same text', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, text)), entries => {
      const values = new Map<string, Json>(entries);
      expect(readAll(writeEnv(values))).toEqual(values);
    }),
  );
});

test('what is not a string stands in an env file as JSON', () => {
  expect(
    writeEnv(
      new Map<string, Json>([
        ['A', 10],
        ['B', { c: [true, null] }],
      ]),
    ),
  ).toBe('A=10\nB="{\\"c\\":[true,null]}"\n');
});

test('YAML that was written is read as the same value', () => {
  const anyJson = fc.jsonValue().map(value => JSON.parse(JSON.stringify(value)) as Json);
  const exact = (value: Json): boolean =>
    typeof value === 'number'
      ? !Number.isInteger(value) || Number.isSafeInteger(value)
      : typeof value !== 'object' || value === null || Object.values(value).every(exact);
  fc.assert(
    fc.property(fc.dictionary(key, anyJson.filter(exact)), values => {
      expect(parseYamlValues(writeYaml(values), 'test')).toEqual({ ...values });
    }),
  );
});

test('what is wrong with a document is said without quoting it', () => {
  for (const [parse, document] of [
    [parseYamlValues, 'a: *hunter2'],
    [parseYamlValues, 'a: "hunter2\n  : ['],
    [parseYamlValues, '!hunter2 a: ]'],
    [parseJson, '{"a": "hunter2", oh}'],
    [parseJson, 'hunter2'],
  ] as const) {
    const refused = () => parse(document, 'body');
    expect(refused).toThrow(DocumentError);
    expect(refused).not.toThrow('hunter2');
  }
});

describe('YAML is refused', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 0; level < 10; level++) {
    const [from, to] = [String.fromCharCode(97 + level), String.fromCharCode(98 + level)];
    bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(', ')}]`);
  }
  test.each([
    ['a bomb', bomb.join('\n'), 'alias'],
    ['a key twice', 'a: 1\na: 2', 'duplicate key'],
    ['a key twice within', 'a: {b: 1, b: 2}', 'duplicate key'],
    ['too deep', `a: ${'['.repeat(50_000)}`, ''],
    ['an infinity', 'a: .inf', 'JSON has no Infinity'],
    ['an integer that would be rounded', 'a: 12345678901234567890', "can't be kept exactly"],
    ['one that contains itself', 'a: &a [*a]', 'itself'],
    ['two documents', 'a: 1\n---\nb: 2', 'multiple docs'],
    ['an alias of nothing', 'a: *b', 'nothing'],
    ['what is no YAML', 'a: [', ''],
  ])('%s', (_, document, message) => {
    expect(() => parseYamlValues(document, 'body')).toThrow(DocumentError);
    expect(() => parseYamlValues(document, 'body')).toThrow(message);
  });
});

test('JSON is refused where a name stands twice in one object, however it is written', () => {
  expect(() => parseJson('{"a": {"b": 1}, "\\u0061": 2}', 'body')).toThrow('stands twice');
  expect(() => parseJson('{"a": [{"b": 1, "b": 2}]}', 'body')).toThrow('stands twice');
  expect(() => parseJson('{"a"', 'body')).toThrow(DocumentError);
  const fine = '{"a": {"b": 1}, "b": ["a", "a", {"a": "b: \\"a\\": {"}]}';
  expect(parseJson(fine, 'body')).toEqual(JSON.parse(fine));
});

test('variables made of variables do not grow without end', () => {
  const lines = ['A=xxxxxxxxxxxxxxxx', ...Array.from({ length: 60 }, () => 'A=$A$A')];
  expect(() => readAll(lines.join('\n'))).toThrow('characters');
  expect(() => readAll(`A=${'${A:-'.repeat(20_000)}${'}'.repeat(20_000)}`)).toThrow(DocumentError);
});
