/** ARCHITECTURE.md is a map: what it names is there, and it stays short. SECURITY.md names what shows what it says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const map = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');

test('every file and folder that the map names is there', () => {
  const named = [...map.matchAll(/`((?:apps|packages|infra|test|docs)\/[A-Za-z0-9_./-]+)`/g)].map(
    match => match[1]!,
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(path => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('every test that SECURITY.md names is there', () => {
  const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  const named = [...text.matchAll(/`([^`]+\.test\.ts)`/g)].map(match => match[1]!);
  expect(named.filter(path => !existsSync(join(ROOT, path)))).toEqual([]);
  // Each row of who may be hostile names one.
  const rows = text.split('\n').filter(line => /^\| (?!who \|)/.test(line));
  expect(rows.length).toBeGreaterThan(12);
  expect(rows.filter(row => !/\.test\.ts` \|$/.test(row))).toEqual([]);
});

test('it has 150 lines at the most', () => {
  expect(map.split('\n').length).toBeLessThanOrEqual(150);
});

test('every decision is listed, and every one listed is there', () => {
  const folder = join(ROOT, 'docs/adr');
  const listed = [
    ...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/\]\((\d{4}-[a-z0-9-]+\.md)\)/g),
  ];
  const files = readdirSync(folder).filter(name => /^\d{4}-/.test(name));
  expect(listed.map(match => match[1]).sort()).toEqual(files.sort());
});
