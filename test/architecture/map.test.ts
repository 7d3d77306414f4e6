/** ARCHITECTURE.md is a map: what it names is there, and it stays short. SECURITY.md names what shows what it says. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { isThere, linksIn, namedIn, ROOT, textOf } from './page.ts';

test('every file and folder that the map names is there', () => {
  const named = namedIn('ARCHITECTURE.md');
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(path => !isThere(path))).toEqual([]);
});

test('every test that SECURITY.md names is there', () => {
  const text = textOf('SECURITY.md');
  const named = [...text.matchAll(/`([^`]+\.test\.ts)`/g)].map(match => match[1]!);
  expect(named.filter(path => !isThere(path))).toEqual([]);
  // Each row of who may be hostile names one.
  const rows = text.split('\n').filter(line => /^\| (?!who \|)/.test(line));
  expect(rows.length).toBeGreaterThan(12);
  expect(rows.filter(row => !/\.test\.ts` \|$/.test(row))).toEqual([]);
});

test('it has 150 lines at the most', () => {
  expect(textOf('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(150);
});

test('every decision is listed, and every one listed is there', () => {
  const isDecision = (name: string) => /^\d{4}-/.test(name);
  const listed = linksIn('docs/adr/README.md').map(({ path }) => basename(path));
  const files = readdirSync(join(ROOT, 'docs/adr'));
  expect(listed.filter(isDecision).sort()).toEqual(files.filter(isDecision).sort());
});
