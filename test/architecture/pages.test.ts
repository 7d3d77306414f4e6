/** The pages for people: their links lead somewhere, and README.md is short enough to be read. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const below = (folder: string) =>
  readdirSync(join(ROOT, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name));
const pages = ['.', 'docs', 'docs/adr'].flatMap(below);
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');

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
  const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const broken = links.filter(([, path, anchor]) => {
    const target = path === '' ? page : join(dirname(page), path!);
    if (!existsSync(join(ROOT, target!))) return true;
    return anchor !== undefined && !anchorsOf(textOf(target!)).has(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

test('files that pages name in code are there', () => {
  const named = ['README.md', ...below('docs')].flatMap(page =>
    [...textOf(page).matchAll(/`((?:apps|packages|infra|test|docs)\/[A-Za-z0-9_./-]+)`/g)].map(match => ({
      page,
      path: match[1]!,
    })),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ path }) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('each page in docs can be reached from README.md', () => {
  const reached = new Set<string>();
  const follow = (page: string) => {
    if (reached.has(page) || !existsSync(join(ROOT, page))) return;
    reached.add(page);
    for (const [, path] of textOf(page).matchAll(/\]\((?!https?:)([^)#\s]+\.md)/g))
      follow(join(dirname(page), path!));
  };
  follow('README.md');
  expect(pages.filter(page => !reached.has(page))).toEqual([]);
});

test('README.md has 100 lines at the most', () => {
  expect(textOf('README.md').split('\n').length).toBeLessThanOrEqual(100);
});
