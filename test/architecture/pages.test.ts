/** The pages for people: their links lead somewhere, and README.md is short enough to be read. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isThere, linksIn, namedIn, ROOT, textOf } from './page.ts';

const below = (folder: string) =>
  readdirSync(join(ROOT, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name));
const pages = ['.', 'docs', 'docs/adr'].flatMap(below);

/** As GitHub makes them of headings: small letters, without punctuation, dashes for spaces. */
const anchorsOf = (text: string) =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(match =>
      match[1]!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

test.each(pages)('the links of %s lead somewhere', page => {
  const broken = linksIn(page).filter(
    ({ path, anchor }) => !isThere(path) || (anchor !== undefined && !anchorsOf(textOf(path)).has(anchor)),
  );
  expect(broken).toEqual([]);
});

test('files that pages name in code are there', () => {
  const named = ['README.md', ...below('docs')].flatMap(page => namedIn(page).map(path => ({ page, path })));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ path }) => !isThere(path))).toEqual([]);
});

test('each page in docs can be reached from README.md', () => {
  const reached = new Set<string>();
  const follow = (page: string) => {
    if (reached.has(page) || !isThere(page)) return;
    reached.add(page);
    for (const { path } of linksIn(page)) if (path.endsWith('.md')) follow(path);
  };
  follow('README.md');
  expect(pages.filter(page => !reached.has(page))).toEqual([]);
});

test('README.md has 100 lines at the most', () => {
  expect(textOf('README.md').split('\n').length).toBeLessThanOrEqual(100);
});
