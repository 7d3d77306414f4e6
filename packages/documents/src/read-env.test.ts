// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse as parseWithDotenv } from 'dotenv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DocumentError } from './document-error.ts';
import { readEnv } from './read-env.ts';

const read = (text: string, outside: Record<string, string> = {}, unset: string[] = []) =>
  Object.fromEntries(
    readEnv({ text, name: '.env', outside: name => outside[name], onUnset: name => unset.push(name) }),
  );

test.each([
  ['A=1', { A: '1' }],
  ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['\uFEFFA=1', { A: '1' }],
  ['export A=1\nexport\tB=2', { A: '1', B: '2' }],
  ['exported=1', { exported: '1' }],
  ['  A = spaced out  ', { A: 'spaced out' }],
  ['A: yaml', { A: 'yaml' }],
  ['A=\nB=', { A: '', B: '' }],
  ['# comment\n\n  # another\nA=1', { A: '1' }],
  ['A=value # comment', { A: 'value' }],
  ['A=value#no-comment', { A: 'value#no-comment' }],
  ['A="value # kept" # comment', { A: 'value # kept' }],
  ['A=# kept, as compose does', { A: '# kept, as compose does' }],
  ['A=\'$B \\n "x"\'', { A: '$B \\n "x"' }],
  ["A='it\\'s'", { A: "it's" }],
  ['A="say \\"hi\\""', { A: 'say "hi"' }],
  ['A="a\\nb\\tc\\\\n"', { A: 'a\nb\tc\\n' }],
  ['A="one\ntwo"\nB=3', { A: 'one\ntwo', B: '3' }],
  ['A="\\$B \\0101 \\07 \\q"', { A: '$B A \\7 \\q' }],
  ['A=it"s', { A: 'it"s' }],
  ['A=1\nB=${A}2\nC="$B-$A"', { A: '1', B: '12', C: '12-1' }],
  ["A='${B}'\nC=$A", { A: '${B}', C: '${B}' }],
  ['A=${B:-x # y}', { A: '${B:-x' }],
  ['A=$$B', { A: '$B' }],
  ['A=1\nA=2', { A: '2' }],
  ['a.b-c[0]=1', { 'a.b-c[0]': '1' }],
])('%j', (text, expected) => {
  if (text === 'A=${B:-x # y}') expect(() => read(text)).toThrow('unclosed');
  else expect(read(text)).toEqual(expected);
});

test('a name alone, and variables of a file, come from elsewhere first', () => {
  expect(read('A\nB\nC=inner\nD=$C', { A: 'outer', C: 'outer' })).toEqual({
    A: 'outer',
    C: 'inner',
    D: 'outer',
  });
});

test('a variable that is not set is named', () => {
  const unset: string[] = [];
  expect(read('A=$B', {}, unset)).toEqual({ A: '' });
  expect(unset).toEqual(['B']);
});

test.each([
  ['A=1\nB="open\nC=3', '.env, line 2: the quote is not closed'],
  ['A=1\n\n= 2', '.env, line 3: a variable name was expected'],
  ['A="1" B', '.env, line 1: text after the closing quote'],
  ['two words=1', '.env, line 1: = was expected after two'],
  ['A=1\nB=$', '.env, line 2: stray $'],
  ['A=${B?no B}', '.env, line 1: B is required: no B'],
])('%j is refused', (text, message) => {
  expect(() => read(text)).toThrow(DocumentError);
  expect(() => read(text)).toThrow(message);
});

describe('quoting there and back', () => {
  const key = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]{0,20}$/);
  const double = (value: string) =>
    `"${value.replace(/[\\"]/g, '\\$&').replaceAll('$', '$$$$').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`;
  const entries = (value: fc.Arbitrary<string>) => fc.dictionary(key, value, { maxKeys: 8 });
  const write = (values: Record<string, string>, quote: (value: string) => string) =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${quote(value)} # comment`)
      .join('\n');

  test('double quotes hold any value', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'\\"$\'{}#n \n') }),
    );
    fc.assert(
      fc.property(entries(value), values => {
        expect(read(write(values, double))).toEqual({ ...values });
      }),
    );
  });

  test('single quotes hold any value without backslashes, literally', () => {
    const value = fc
      .string({ unit: fc.constantFrom(...'"$\'{}# \nax') })
      .filter(text => !text.includes('\\'));
    fc.assert(
      fc.property(entries(value), values => {
        expect(read(write(values, text => `'${text.replaceAll("'", "\\'")}'`))).toEqual({ ...values });
      }),
    );
  });
});

const file = resolve(import.meta.dirname, '../../../../../shared/data/otel-demo.env');
test.skipIf(!existsSync(file))('a public system: what it says literally, with its variables resolved', () => {
  const text = readFileSync(join(file), 'utf8');
  const unset: string[] = [];
  const values = read(text, {}, unset);
  const literal = parseWithDotenv(text);
  expect(unset).toEqual([]);
  expect(Object.keys(values)).toEqual(Object.keys(literal));
  for (const [name, value] of Object.entries(literal))
    if (!value.includes('$')) expect(values[name]).toBe(value);
  expect(values).toMatchObject({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector:4317',
    OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=opentelemetry-demo,service.version=3.0.0',
    K6_TARGET_URL: 'http://frontend-proxy:8080',
    POSTGRES_ASTRONOMY_PASSWORD: 'astronomy_password',
    API_KEY: '',
    TRACELOOP_BASE_URL: 'http://otel-collector:4318',
  });
});
