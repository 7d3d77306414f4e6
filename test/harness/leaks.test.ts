import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLeakSearch } from './leaks.ts';

const text = 'c"n\\a/r+y ü 5f0e2b';
const { within, below } = createLeakSearch(['other', text]);
const json = (value: unknown) => JSON.stringify(value);

test.each([
  ['plain', `before ${text} after`],
  ['hex', Buffer.from(`before ${text} after`).toString('hex')],
  ['HEX', Buffer.from(text).toString('hex').toUpperCase()],
  ['URL', `https://x/?q=${encodeURIComponent(text)}`],
  ['JSON', json({ a: [text] })],
  ['JSON within JSON', json({ a: json({ b: text }) })],
  ['JSON, ASCII', json(text).replace('ü', '\\u00fc')],
  ['CSV', `1,"${text.replaceAll('"', '""')}",2`],
  ['base64 of JSON', Buffer.from(json({ config_value: text })).toString('base64')],
])('what was planted is found: %s', (_, content) => {
  expect(within('here', content)).toContainEqual(expect.objectContaining({ text, where: 'here' }));
});

test('it is found in base64 wherever it begins, in either alphabet', () => {
  const bytes = fc.uint8Array({ maxLength: 12 });
  fc.assert(
    fc.property(bytes, bytes, fc.constantFrom('base64', 'base64url'), (before, after, alphabet) => {
      const content = Buffer.concat([before, Buffer.from(text), after]).toString(alphabet as 'base64');
      expect(within('here', content)).not.toEqual([]);
    }),
  );
});

test('files are searched at any depth, but those that are left out', () => {
  const dir = mkdtempSync(join(tmpdir(), 'qv-leaks-'));
  try {
    mkdirSync(join(dir, 'a/b'), { recursive: true });
    writeFileSync(join(dir, 'a/b/data'), Buffer.concat([Buffer.from([0, 255]), Buffer.from(text)]));
    writeFileSync(join(dir, 'nothing'), 'c"n\\a/r+y ü 5f0e2c');
    expect(below(dir).map(({ where, form }) => [where, form])).toContainEqual([
      join(dir, 'a/b/data'),
      'plain',
    ]);
    expect(below(dir, path => path.endsWith('/b'))).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('nothing is found where there is nothing', () => {
  expect(within('here', json({ a: 'c"n\\a/r+y', b: 'ü 5f0e2b' }))).toEqual([]);
});
