import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ensureKey } from './key-file.ts';
import { seal, unseal } from './seal.ts';

const folder = mkdtempSync(join(tmpdir(), 'qv-seal-'));
afterAll(() => rmSync(folder, { recursive: true }));
const key = randomBytes(32);

test('a text opens with its key and under its name alone, and unchanged', () => {
  const sealed = seal(key, 'a', 'whsec_text');
  expect(unseal(key, 'a', sealed)).toBe('whsec_text');
  expect(sealed.includes('whsec_text')).toBe(false);
  expect(seal(key, 'a', 'whsec_text').equals(sealed)).toBe(false);
  expect(() => unseal(key, 'b', sealed)).toThrow();
  expect(() => unseal(randomBytes(32), 'a', sealed)).toThrow(/another key/);
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    expect(() => unseal(key, 'a', changed)).toThrow();
  }
});

test('the key is made once, for its owner alone', async () => {
  const file = join(folder, 'new/key');
  const [first, second] = await Promise.all([ensureKey(file), ensureKey(file)]);
  expect(first).toEqual(second);
  expect(first).toHaveLength(32);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a key that others can read is refused, and a file that holds none', async () => {
  const open = join(folder, 'open');
  writeFileSync(open, randomBytes(32).toString('base64'), { mode: 0o644 });
  await expect(ensureKey(open)).rejects.toThrow(/chmod/);
  const short = join(folder, 'short');
  writeFileSync(short, 'AAAA', { mode: 0o600 });
  await expect(ensureKey(short)).rejects.toThrow(/does not hold a key/);
});
