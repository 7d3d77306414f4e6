import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRunFolder } from './run-folder.ts';

let stackDir: string;
let newest: string;
beforeEach(() => {
  stackDir = mkdtempSync(join(tmpdir(), 'qv-stack-'));
  newest = join(stackDir, 'endpoints.json');
});
afterEach(() => rmSync(stackDir, { recursive: true, force: true }));

const endpoints = (token: string) => ({ authority: '', regions: [], etcd: '', postgres: '', token });
const shown = () => JSON.parse(readFileSync(newest, 'utf8')).token;

test('the newest is shown, and taken away by its own run alone', async () => {
  const first = createRunFolder(stackDir);
  first.publish(endpoints('first'));
  expect(statSync(newest).mode & 0o777).toBe(0o600);
  // Folders are named by the millisecond.
  await new Promise(resolve => setTimeout(resolve, 5));
  const second = createRunFolder(stackDir);
  expect(second.dir).not.toBe(first.dir);
  second.publish(endpoints('second'));
  expect(shown()).toBe('second');
  first.remove();
  expect(shown()).toBe('second');
  expect(existsSync(first.dir)).toBe(false);
  second.remove();
  expect(existsSync(newest)).toBe(false);
});

test('what a killed run left is swept away, with its endpoints', () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const left = join(stackDir, `${pid}-abc`);
  mkdirSync(left);
  writeFileSync(join(left, 'endpoints.json'), 'old');
  writeFileSync(newest, 'old');
  createRunFolder(stackDir);
  expect(existsSync(left)).toBe(false);
  expect(existsSync(newest)).toBe(false);
});
