import type { Json, JsonSchema } from '@quantivista/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { OutOfTime, withinTime } from '../../time-limit.ts';
import { compileSchema } from './compile.ts';
import { checkSchema } from './schema.ts';

const names = fc.constantFrom('a', 'b', 'constructor', 'limit');
const small = fc.oneof(
  fc.integer({ min: -3, max: 5 }),
  fc.constantFrom('', 'a', 'ab', 'b1', 'x@y.io', '2026-01-01'),
);
/** As a request brings it: objects without a prototype are none of JSON's, and the library takes them for others. */
const parsed = <T>(value: T): T => JSON.parse(JSON.stringify(value));
const { value: someValue } = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    small,
    fc.constantFrom(null, true, false, 0.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
  ) as fc.Arbitrary<Json>,
}));
const anyValue = someValue.map(parsed);
/** One keyword with a value of its own. */
const keyword = (keywords: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof(...Object.entries(keywords).map(([name, value]) => fc.tuple(fc.constant(name), value)));
const { schema: anySchema } = fc.letrec<{ schema: JsonSchema }>(tie => {
  const some = (part: fc.Arbitrary<unknown>) => fc.array(part, { minLength: 1, maxLength: 2 });
  return {
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.boolean(),
      fc
        .array(
          keyword({
            type: fc.constantFrom('string', 'integer', 'number', 'object', 'array', 'boolean', 'null'),
            enum: fc.uniqueArray(fc.integer({ min: -3, max: 5 }), { minLength: 1, maxLength: 3 }),
            const: small,
            minimum: fc.integer({ min: -3, max: 5 }),
            multipleOf: fc.constantFrom(1, 2, 0.5),
            minLength: fc.nat(3),
            pattern: fc.constantFrom('^a', 'b$', '^[a-z]+$', '\\d', '(a|b)+', '^(a+)+$', '^\\S*$', '\\u0061'),
            format: fc.constantFrom('email', 'date', 'uuid', 'ipv4', 'uri'),
            uniqueItems: fc.boolean(),
            minItems: fc.nat(2),
            items: tie('schema'),
            contains: tie('schema'),
            required: fc.uniqueArray(names, { maxLength: 2 }),
            properties: fc.dictionary(names, tie('schema'), { maxKeys: 2 }),
            patternProperties: fc.dictionary(fc.constantFrom('^a', 'm.t$'), tie('schema'), { maxKeys: 1 }),
            additionalProperties: tie('schema'),
            propertyNames: tie('schema'),
            not: tie('schema'),
            allOf: some(tie('schema')),
            anyOf: some(tie('schema')),
            oneOf: some(tie('schema')),
            unevaluatedProperties: tie('schema'),
            $ref: fc.constantFrom('#/$defs/whole', '#/$defs/list'),
          }),
          { maxLength: 4 },
        )
        .map(Object.fromEntries),
    ) as fc.Arbitrary<JsonSchema>,
  };
});
const whole = anySchema
  .map(parsed)
  .map(schema =>
    typeof schema === 'boolean'
      ? schema
      : { ...schema, $defs: { whole: { type: 'integer' }, list: { type: 'array', uniqueItems: true } } },
  );

test('the verdict is that of the library with its own expressions and keywords', () => {
  fc.assert(
    fc.property(whole, fc.array(anyValue, { minLength: 1, maxLength: 10 }), (schema, values) => {
      const ajv = new Ajv2020({ strict: false, meta: false, validateSchema: false, logger: false });
      addFormats.default(ajv);
      const verdict = ajv.compile(schema);
      const expected = (value: Json) => {
        try {
          return verdict(value);
        } catch {
          return false;
        }
      };
      const validator = compileSchema(schema as JsonSchema);
      for (const value of values) expect(validator(value) === undefined).toBe(expected(value));
    }),
    { numRuns: 200 },
  );
});

test('each pattern of a schema is its own', () => {
  const validator = compileSchema({
    pattern: 'b$',
    patternProperties: { '^a': false, '^c': { type: 'integer' } },
  });
  expect(validator('ab')).toBeUndefined();
  expect(validator('ba')).toMatchObject({ rule: 'pattern' });
  expect(validator({ a: [] })).toMatchObject({ path: '/a' });
  expect(validator({ c: 'x' })).toMatchObject({ path: '/c', rule: 'type' });
  expect(validator({ c: 1, b: 'x' })).toBeUndefined();
});

test('a fault says where, which rule, and what is wanted', () => {
  const validator = compileSchema({
    type: 'object',
    properties: { limits: { type: 'array', items: { maximum: 100 } }, mode: { enum: ['on', 'off'] } },
    required: ['limits'],
    additionalProperties: false,
  });
  expect(validator({ limits: [1, 101] })).toEqual({
    path: '/limits/1',
    rule: 'maximum',
    message: 'must be <= 100',
  });
  expect(validator({})).toMatchObject({ path: '', rule: 'required' });
  expect(validator({ limits: [], mode: 'of' })).toMatchObject({
    path: '/mode',
    rule: 'enum',
    message: 'must be equal to one of the allowed values: ["on","off"]',
  });
  expect(validator({ limits: [], x: 1 })?.message).toContain('"x"');
  expect(validator({ limits: [] })).toBeUndefined();
});

describe('a schema is refused, by the name of the field', () => {
  const nested = (depth: number): JsonSchema => (depth === 0 ? true : { not: nested(depth - 1) });
  const exponential = { $defs: {} as Record<string, JsonSchema>, $ref: '#/$defs/d0' };
  for (let depth = 0; depth < 40; depth++) {
    const next = { $ref: `#/$defs/d${depth + 1}` };
    exponential.$defs[`d${depth}`] = { allOf: [next, next] };
  }
  exponential.$defs.d40 = { type: 'integer' };

  test.each<[string, unknown, string]>([
    ['with a remote reference', { $ref: 'https://example.com/a.json' }, 'body.schema.$ref'],
    [
      'with one within',
      { properties: { a: { $ref: 'file:///etc/passwd' } } },
      'body.schema.properties.a.$ref',
    ],
    ['with a dynamic one', { items: { $dynamicRef: 'meta' } }, 'body.schema.items.$dynamicRef'],
    ['that is asynchronous', { $async: true }, 'body.schema.$async'],
    ['asynchronous within', { allOf: [{ $async: true }] }, 'body.schema.allOf.0.$async'],
    ['with an id within', { items: { $id: 'https://a.b/c' } }, 'body.schema.items.$id'],
    ['of another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, 'body.schema.$schema'],
    ['that is too deep', nested(40), 'body.schema'],
    ['that is too large', { description: 'x'.repeat(40_000) }, 'body.schema'],
    ['of an unknown type', { properties: { a: { type: 'int' } } }, 'body.schema.properties.a.type'],
    ['with an unknown keyword', { maximun: 3 }, 'body.schema'],
    ['with an unknown format', { format: 'colour' }, 'body.schema'],
    ['with a reference to nowhere', { $ref: '#/$defs/none' }, 'body.schema'],
    ['with a pattern that looks ahead', { pattern: '(?=a)b' }, 'body.schema'],
    ['with a pattern that refers back', { pattern: '(a)\\1' }, 'body.schema'],
    ['with a pattern that is none', { pattern: '(' }, 'body.schema'],
    ['with a pattern that is too large', { pattern: '((a{100}){100}){100}' }, 'body.schema'],
  ])('%s', (_, schema, field) => {
    let refused: unknown;
    try {
      checkSchema(schema as JsonSchema, 'body.schema');
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ details: { errors: [{ field }] } });
  });

  test('what only looks like one of these is not', () => {
    checkSchema(
      {
        $id: 'https://example.com/root',
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        properties: { $ref: { type: 'string' }, $async: true, $id: { $ref: '#/$defs/id' } },
        $defs: { id: { const: { $ref: 'https://example.com' } } },
        default: { $async: true },
      },
      'body.schema',
    );
  });

  test('one that takes for ever is stopped', () => {
    const validator = compileSchema(exponential);
    expect(() => withinTime(100, () => validator(1))).toThrow('longer than 100 ms');
  });

  test('one that refers to itself without end admits nothing', () => {
    expect(compileSchema({ allOf: [{ $ref: '#' }] })(1)).toMatchObject({ rule: '$ref' });
  });
});

describe('values that would take for ever with the library', () => {
  const judge = (schema: JsonSchema, value: Json) =>
    withinTime(10_000, () => compileSchema(schema)(value)?.rule);

  test('a catastrophic pattern', () => {
    expect(judge({ pattern: '^(a+)+$' }, `${'a'.repeat(100_000)}b`)).toBe('pattern');
  });
  test('many items that are to differ', () => {
    const items = Array.from({ length: 50_000 }, (_, index) => ({ index }));
    expect(judge({ uniqueItems: true }, items)).toBeUndefined();
    expect(judge({ uniqueItems: true }, [...items, { index: 0 }])).toBe('uniqueItems');
  });
  test('long text of a format', () => {
    expect(judge({ format: 'email' }, `${'a'.repeat(900_000)}@`)).toBe('format');
  });
});

test('items are the same where their values are, in whatever order, and no others', () => {
  const validator = compileSchema({ uniqueItems: true });
  expect(
    validator([
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ]),
  ).toMatchObject({ rule: 'uniqueItems' });
  expect(validator([{ a: 1 }, [['a', 1]], { members: [['a', 1]] }, '1', 1, null, [null]])).toBeUndefined();
});

test('the very first compilation may be stopped by its limit: the next one works', async () => {
  vi.resetModules();
  const fresh = await import('./compile.ts');
  const schema = { type: 'object', properties: { a: { pattern: '^x' } }, required: ['a'] };
  const compiled = () => fresh.compileSchema(schema);
  try {
    withinTime(1, compiled);
  } catch (error) {
    expect(error).toBeInstanceOf(OutOfTime);
  }
  expect(compiled()({ a: 'x' })).toBeUndefined();
  expect(compiled()({ a: 'y' })).toMatchObject({ path: '/a', rule: 'pattern' });
});
