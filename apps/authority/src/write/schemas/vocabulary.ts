/** What of JSON Schema is done otherwise than the library does it: where one value could take for ever. */

import type { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { RE2JS } from 're2js';

/** Those that draft 2020-12 names, as far as they say something of ASCII. */
const FORMATS = [
  'date',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'json-pointer',
  'regex',
  'relative-json-pointer',
  'time',
  'uri',
  'uri-reference',
  'uri-template',
  'uuid',
] as const;
/** Longer text is of no format: their expressions are not of the engine that takes linear time. */
const MAX_FORMAT_LENGTH = 2_048;
const MAX_PATTERN_LENGTH = 1_000;
/** Instructions of a compiled pattern: `(a{1000}){1000}` would have a million. */
const MAX_PATTERN_SIZE = 20_000;

/** A regular expression that takes time in proportion to the text, whatever it is: without look-around. */
export const linearRegExp = Object.assign(
  (pattern: string): { test(text: string): boolean; toString(): string } => {
    const refuse = (why: string) => new Error(`the pattern ${JSON.stringify(pattern.slice(0, 100))} ${why}`);
    if (pattern.length > MAX_PATTERN_LENGTH) throw refuse(`is over ${MAX_PATTERN_LENGTH} characters`);
    let expression: RE2JS;
    try {
      expression = RE2JS.compile(RE2JS.translateRegExp(pattern));
    } catch (error) {
      const [, reason] = /^error parsing regexp: (.*)/.exec((error as Error).message) ?? [];
      throw refuse(`can't be used: ${reason ?? 'it is no regular expression of linear time'}`);
    }
    if (expression.programSize() > MAX_PATTERN_SIZE) throw refuse('is too large');
    // The library takes expressions that read alike for one and the same.
    return { test: text => expression.test(text), toString: () => pattern };
  },
  { code: 'linearRegExp' },
);

/** The same text for values that are equal, and for no others. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? { members: Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)) }
      : part,
  );

export function addVocabulary(ajv: Ajv2020): void {
  addFormats.default(ajv, { mode: 'full', formats: [...FORMATS] });
  for (const name of FORMATS) {
    const format = addFormats.default.get(name, 'full');
    const matches = (text: string) =>
      format instanceof RegExp
        ? format.test(text)
        : typeof format === 'function'
          ? format(text)
          : typeof format === 'object' &&
            typeof format.validate === 'function' &&
            format.validate(text as never);
    ajv.addFormat(name, text => text.length <= MAX_FORMAT_LENGTH && Boolean(matches(text)));
  }
  // The library compares each item with each other one.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    errors: false,
    error: { message: 'must NOT have duplicate items' },
    validate: (wanted: boolean, items: unknown[]) =>
      !wanted || new Set(items.map(canonical)).size === items.length,
  });
}
