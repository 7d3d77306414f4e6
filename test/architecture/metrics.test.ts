/** docs/operating.md names every metric that the code makes, and none that it does not, under the app that makes it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');

const sourcesBelow = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map(path => readFileSync(join(ROOT, folder, path), 'utf8'));

/** What parts of names that are put together may be: `${kind}` of what is counted, `${what}` in the file itself. */
const KIND = /(?:createIntake|createNodeTally)\(\{\s*kind: '(\w+)'/g;
const WHAT = /= counter\('(\w+)'/g;
const all = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map(match => match[1]!);

function madeIn(folder: string): readonly string[] {
  const sources = sourcesBelow(folder);
  const kinds = sources.flatMap(text => all(KIND, text));
  const filled = (name: string, part: string, values: readonly string[]) =>
    name.includes(part) ? values.map(value => name.replace(part, value)) : [name];
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: as it stands in the sources
  const names = sources.flatMap(text =>
    all(/['`](qv_[\w${}]+)['`]/g, text)
      .flatMap(name => filled(name, '${kind}', kinds))
      .flatMap(name => filled(name, '${what}', all(WHAT, text))),
  );
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as it stands in the sources
  return [...new Set(names)].sort();
}

/** In the first column of the table under that heading, without labels. */
function namedUnder(heading: string): readonly string[] {
  const section = page.split(`\n### ${heading}\n`)[1]?.split(/\n#{2,3} /)[0] ?? '';
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
  const known = new Set(['apps/authority', 'apps/read-node', 'packages'].flatMap(madeIn));
  const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.md'))
    .map(path => readFileSync(join(ROOT, 'docs', path), 'utf8'));
  const named = pages.flatMap(text => all(/\b(qv_[a-z_]+)/g, text));
  expect(named.filter(name => !known.has(name))).toEqual([]);
});
