/** docs/operating.md names every metric that the code makes, and none that it does not, under the app that makes it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { all, METRIC_FOLDERS, madeIn, operatingPage } from '../harness/made-metrics.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** In the first column of the table under that heading, without labels. */
function namedUnder(heading: string): readonly string[] {
  const section = operatingPage.split(`\n### ${heading}\n`)[1]?.split(/\n#{2,3} /)[0] ?? '';
  return all(/^\| `(qv_\w+)(?:\{[\w,]+\})?` \|/gm, section).sort();
}

test.each([
  ['apps/authority', 'Authority'],
  ['apps/read-node', 'Read node'],
  ['packages', 'Both'],
])('the metrics of %s stand under %s', (folder, heading) => {
  const made = madeIn(folder);
  expect(made.length).toBeGreaterThan(0);
  expect(made.filter(name => !/^qv_[a-z_]+$/.test(name))).toEqual([]);
  expect(namedUnder(heading)).toEqual(made);
});

test('no other metric is named on any page', () => {
  const known = new Set(METRIC_FOLDERS.flatMap(madeIn));
  const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.md'))
    .map(path => readFileSync(join(ROOT, 'docs', path), 'utf8'));
  const named = pages.flatMap(text => all(/\b(qv_[a-z_]+)/g, text));
  expect(named.filter(name => !known.has(name))).toEqual([]);
});
