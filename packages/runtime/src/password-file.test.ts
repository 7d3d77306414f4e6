import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { passwordFile } from './password-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'qv-password-'));
const file = join(dir, 'password');
afterAll(() => rmSync(dir, { recursive: true }));

test('it is what stands in the file at the time, but for the end of its line', () => {
  const password = passwordFile(file)!;
  expect(password).toThrow(file);
  for (const text of [' a b ', 'ü"$\\', 'x'.repeat(4_000)]) {
    for (const end of ['', '\n', '\r\n']) {
      writeFileSync(file, text + end);
      expect(password()).toBe(text);
    }
  }
});

test('an empty one is a fault that names the file', () => {
  writeFileSync(file, '\n');
  expect(passwordFile(file)!).toThrow(`${file} holds no password`);
});

test('without a file there is none', () => expect(passwordFile(undefined)).toBeUndefined());
