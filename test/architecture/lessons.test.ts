/** docs/lessons.md names a test for each lesson: it is there, under that name. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const ROW = /^\| (\d+) \|.*\| `([^`]+)`: (.+) \|$/gm;
const rows = [...readFileSync(join(ROOT, 'docs/lessons.md'), 'utf8').matchAll(ROW)].map(
  ([, number, file, name]) => ({ number: Number(number), file: file!, name: name! }),
);

test('the lessons are counted through', () => {
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1));
  expect(rows.length).toBeGreaterThan(25);
});

test.each(rows)('lesson $number: $name', ({ file, name }) => {
  const path = join(ROOT, file);
  expect(existsSync(path), file).toBe(true);
  const names = [...readFileSync(path, 'utf8').matchAll(/(?:test|\]\))\(\s*(['"`])(.*?)\1,/g)];
  expect(names.map(match => match[2]).filter(each => each!.startsWith(name))).toHaveLength(1);
});
