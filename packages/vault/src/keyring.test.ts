import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Json, SealedValue } from '@quantivista/contracts';
import { type Log, silentLog } from '@quantivista/runtime';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeyring } from './keyring.ts';
import { ensureKeys, retireKey, rotateKeyring } from './keyring-file.ts';
import type { SecretPath } from './secret-store.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'qv-keyring-'));
  file = join(dir, 'new/keyring.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = () => createKeyring({ file, log: silentLog });
const PATH: SecretPath = { environment: 'PRODUCTION', service: 'risk_engine', key: 'password' };
const CANARY = 'canary-7f3a';

test('any JSON value comes back, from a sealed value of the described form that holds nothing of it', async () => {
  const keyring = await open();
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async value => {
      const json = JSON.parse(JSON.stringify(value)) as Json;
      const sealed = await keyring.keep(PATH, json, 'secret');
      expect(SealedValue.parse(sealed)).toEqual(sealed);
      expect(await keyring.open(PATH, sealed)).toEqual({ kind: 'opened', value: json });
    }),
    { numRuns: 50 },
  );
  const sealed = JSON.stringify(await keyring.keep(PATH, CANARY, 'encrypted'));
  expect(sealed).not.toContain(CANARY);
  expect(sealed).not.toContain(Buffer.from(CANARY).toString('base64').slice(0, 12));
});

test('the same value is sealed differently each time, and its length tells little', async () => {
  const keyring = await open();
  const texts = await Promise.all(
    [true, false, null, 7, 'twenty letters at most'].map(async value => {
      const { $sealed } = await keyring.keep(PATH, value, 'secret');
      return $sealed.store === 'keyring' ? $sealed.text : '';
    }),
  );
  expect(new Set(texts.map(text => text.length)).size).toBe(1);
  expect(await keyring.keep(PATH, 1, 'secret')).not.toEqual(await keyring.keep(PATH, 1, 'secret'));
});

test('it opens at its path alone, and unchanged', async () => {
  const keyring = await open();
  const sealed = await keyring.keep(PATH, CANARY, 'secret');
  expect(await keyring.open({ ...PATH, environment: 'production' }, sealed)).toMatchObject({
    kind: 'opened',
  });
  for (const elsewhere of [
    { ...PATH, environment: 'STAGING' },
    { ...PATH, service: 'risk_engine/password', key: '' },
    { ...PATH, key: 'passwort' },
  ])
    expect(await keyring.open(elsewhere, sealed)).toEqual({ kind: 'absent' });
  const { key, text } = sealed.$sealed as { key: number; text: string };
  const bytes = Buffer.from(text, 'base64');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    const other: SealedValue = { $sealed: { store: 'keyring', key, text: changed.toString('base64') } };
    expect(await keyring.open(PATH, other)).toEqual({ kind: 'absent' });
  }
  const short: SealedValue = { $sealed: { store: 'keyring', key, text: 'AAAA' } };
  expect(await keyring.open(PATH, short)).toEqual({ kind: 'absent' });
  const kv: SealedValue = { $sealed: { store: 'vault-kv', version: 1, id: 'x' } };
  expect(await keyring.open(PATH, kv)).toEqual({ kind: 'absent' });
  expect(await keyring.destroy(PATH, sealed)).toBe(false);
});

test('after a rotation elsewhere new values get the new key, old ones open, are rewrapped, and end with their key', async () => {
  const [here, there] = [await open(), await open()];
  const old = await here.keep(PATH, CANARY, 'secret');
  expect(await here.rewrap(PATH, old)).toBeUndefined();
  expect(await rotateKeyring(file)).toBe(2);
  expect((await here.keep(PATH, 1, 'secret')).$sealed).toMatchObject({ key: 2 });
  const rewrapped = (await there.rewrap(PATH, old))!;
  expect(rewrapped.$sealed).toMatchObject({ key: 2 });
  expect(await there.rewrap(PATH, rewrapped)).toBeUndefined();
  expect(await here.open(PATH, old)).toEqual({ kind: 'opened', value: CANARY });
  await expect(retireKey(file, 2)).rejects.toThrow(/newest/);
  await retireKey(file, 1);
  expect(await here.open(PATH, old)).toEqual({ kind: 'destroyed' });
  expect(await here.rewrap(PATH, old)).toBeUndefined();
  expect(await here.open(PATH, rewrapped)).toEqual({ kind: 'opened', value: CANARY });
  const future: SealedValue = { $sealed: { store: 'keyring', key: 9, text: 'AAAA' } };
  expect(await here.open(PATH, future)).toEqual({ kind: 'absent' });
});

test('the file is made once, whole, for its owner alone', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => ensureKeys(file)));
  expect(new Set(all.map(keys => keys.byNumber.get(1)!.toString('hex'))).size).toBe(1);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await rotateKeyring(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(dir, 'new'))).toEqual(['keyring.json']);
});

test('a file that others can read is refused, and one that is no keyring, without a word of what it holds', async () => {
  await open();
  chmodSync(file, 0o640);
  await expect(open()).rejects.toThrow(/chmod/);
  for (const text of [
    '',
    CANARY,
    '{"keys": {}}',
    `{"keys": {"1": "${btoa(CANARY)}"}}`,
    '{"keys": {"x": ""}}',
  ]) {
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    const error: Error = await open().then(
      () => expect.unreachable(),
      error => error,
    );
    expect(error.message).toMatch(/is not a keyring/);
    expect(error.message).not.toContain(CANARY);
  }
});

test('a keyring says what it is for; while its file is gone nothing is kept, and it heals', async () => {
  const lines: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => void lines.push(message) };
  const keyring = await createKeyring({ file, log });
  expect(lines).toEqual([expect.stringContaining('not for production')]);
  expect(keyring.status()).toMatchObject({
    kind: 'keyring',
    state: 'ready',
    note: expect.stringMatching(/development/),
  });
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  await expect(keyring.keep(PATH, CANARY, 'secret')).rejects.toMatchObject({ code: 'secrets_unavailable' });
  expect(keyring.status().state).toBe('unreachable');
  writeFileSync(file, text, { mode: 0o600 });
  const sealed = await keyring.keep(PATH, CANARY, 'secret');
  expect(await keyring.open(PATH, sealed)).toEqual({ kind: 'opened', value: CANARY });
  expect(keyring.status().state).toBe('ready');
});
