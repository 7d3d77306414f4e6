import type { ServiceError } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { MAX_LEVELS, MAX_MEMBERS } from './bounds.ts';
import { LARGE_BYTES, parseContext } from './context.ts';

const parse = (text: string) => parseContext(Buffer.from(text));
const faultOf = (body: string | Uint8Array): string => {
  try {
    parseContext(Buffer.from(body as string));
    return 'none';
  } catch (error) {
    return (error as ServiceError).code;
  }
};

test('what is missing is an empty context', () => {
  for (const body of ['', '{}', '{"context":null}', '{"context":{}}', ' {"more":1} '])
    expect(parse(body)).toEqual({});
});

test('a context is what was sent, the last of two members of one name', () => {
  expect(parse('{"context":{"a":1,"a":[2],"b":{"c":"é\\u0000"}}}')).toEqual({ a: [2], b: { c: 'é\0' } });
});

test('names of prototypes are names like any other', () => {
  const context = parse('{"context":{"__proto__":{"admin":true},"constructor":1}}');
  expect(Object.keys(context)).toEqual(['__proto__', 'constructor']);
  expect(Object.getPrototypeOf(context)).toBe(Object.prototype);
  expect('admin' in context).toBe(false);
});

test('a body is no context by what it inherits', () => {
  expect(parse('{"__proto__":{"context":{"a":1}}}')).toEqual({});
});

test.each([
  '[]',
  'null',
  '1',
  '"a"',
  '{"context":[]}',
  '{"context":"a"}',
  '{"context":0}',
  '{"context":false}',
])('%s is no context', body => expect(faultOf(body)).toBe('invalid_context'));

test.each([
  '{',
  '{"context":{"a":NaN}}',
  '{"context":{"a":Infinity}}',
  '\ufeff{}',
  "{'context':{}}",
  '{"context":{}}x',
])('%s is no JSON', body => expect(faultOf(body)).toBe('invalid_json'));

test('what is not UTF-8 is no JSON', () => {
  expect(faultOf(new Uint8Array([0x7b, 0x22, 0xc3, 0x22, 0x3a, 0x31, 0x7d]))).toBe('invalid_json');
  expect(faultOf(Buffer.from('{"context":{}}', 'utf16le'))).toBe('invalid_json');
});

test('no nesting exhausts a stack', () => {
  for (const levels of [5_000, 100_000]) {
    const deep = `{"context":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
    expect(faultOf(deep)).toBe(deep.length > LARGE_BYTES ? 'invalid_context' : 'none');
    expect(['invalid_context', 'invalid_json']).toContain(faultOf('{"a":'.repeat(levels)));
  }
});

const filler = `"filler":"${'x'.repeat(LARGE_BYTES)}"`;
const list = (members: number) => `[${Array.from({ length: members }, () => 1).join()}]`;

test('a large body may hold so many members and levels, and no more', () => {
  // The body itself, its context, the list, and the filler's comma take one each.
  const withMembers = (count: number) => `{"context":{${filler},"a":${list(count - 3)}}}`;
  expect(faultOf(withMembers(MAX_MEMBERS))).toBe('none');
  expect(faultOf(withMembers(MAX_MEMBERS + 1))).toBe('invalid_context');
  const withLevels = (levels: number) =>
    `{"context":{${filler},"a":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}}`;
  expect(faultOf(withLevels(MAX_LEVELS))).toBe('none');
  expect(faultOf(withLevels(MAX_LEVELS + 1))).toBe('invalid_context');
});

test('what stands in texts is not counted', () => {
  const text = JSON.stringify('[{,"\\'.repeat(MAX_MEMBERS));
  expect(parse(`{"context":{"a":${text},"b":"\\\\"}}`)).toMatchObject({ b: '\\' });
});

test('a text that does not end ends with the body', () => {
  expect(faultOf(`{"context":{"a":"${'x'.repeat(LARGE_BYTES)}\\`)).toBe('invalid_json');
});
