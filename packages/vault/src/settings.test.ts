import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnvironment, silentLog } from '@quantivista/runtime';
import { afterAll, expect, test } from 'vitest';
import { openSecretStore, SecretStoreVariables } from './settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'qv-settings-'));
afterAll(() => rmSync(dir, { recursive: true }));
const open = async (variables: Record<string, string>) =>
  openSecretStore(parseEnvironment(SecretStoreVariables, variables), silentLog);

const VAULT_ADDR = 'http://127.0.0.1:1';
const KEYRING_FILE = join(dir, 'keyring.json');

test('none is none, and a keyring is a keyring', async () => {
  expect(await open({})).toBeUndefined();
  const keyring = await open({ KEYRING_FILE });
  expect(keyring?.status().kind).toBe('keyring');
  expect(existsSync(KEYRING_FILE)).toBe(true);
});

test.each<[string, Record<string, string>]>([
  ['an AppRole', { VAULT_ROLE_ID_FILE: join(dir, 'a'), VAULT_SECRET_ID_FILE: join(dir, 'b') }],
  ['a service account', { VAULT_KUBERNETES_ROLE: 'node', VAULT_KUBERNETES_TOKEN_FILE: join(dir, 'c') }],
  ['a token', { VAULT_TOKEN_FILE: join(dir, 'd') }],
])('Vault by %s, which need not be there yet', async (_, variables) => {
  const vault = await open({ VAULT_ADDR, ...variables });
  expect(vault?.status().kind).toBe('vault');
  await vault?.close();
});

test.each<[RegExp, Record<string, string>]>([
  [/one way to log in/, { VAULT_ADDR }],
  [/one way to log in/, { VAULT_ADDR, VAULT_ROLE_ID_FILE: 'a' }],
  [/one way to log in/, { VAULT_ADDR, VAULT_TOKEN_FILE: 'a', VAULT_KUBERNETES_ROLE: 'node' }],
  [/in one of them/, { VAULT_ADDR, VAULT_TOKEN_FILE: 'a', KEYRING_FILE }],
  [/VAULT_ADDR/, { VAULT_ADDR: 'ftp://vault' }],
  [/VAULT_KV_MOUNT/, { VAULT_ADDR, VAULT_TOKEN_FILE: 'a', VAULT_KV_MOUNT: '../sys' }],
  [/ENOENT/, { VAULT_ADDR, VAULT_TOKEN_FILE: 'a', VAULT_CACERT: join(dir, 'missing.pem') }],
])('%s: %o', async (message, variables) => {
  await expect(open(variables)).rejects.toThrow(message);
});
