/** Stores of secrets: the keyring in a file, and a real Vault where there is one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@quantivista/runtime';
import { createKeyring, retireKey, rotateKeyring } from '@quantivista/vault';
import { describe } from 'vitest';
import { describeWithVault, startTestVault } from '../harness/vault.ts';
import { describeSecretStore } from './secret-store-cases.ts';

describe('keyring', () =>
  describeSecretStore(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'qv-keyring-'));
    const options = { file: join(dir, 'keyring.json'), log: silentLog };
    let newest = 1;
    return {
      store: await createKeyring(options),
      other: await createKeyring(options),
      rotate: async () => {
        newest = await rotateKeyring(options.file);
      },
      retire: async () => {
        for (let number = 1; number < newest; number++) await retireKey(options.file, number);
      },
      stop: async () => rmSync(dir, { recursive: true }),
    };
  }, false));

describeWithVault('Vault', () =>
  describeSecretStore(async () => {
    const vault = await startTestVault();
    const [store, other] = [vault.open('authority'), vault.open('node')];
    const key = (environment: string) => `quantivista-transit/keys/${environment.toLowerCase()}`;
    return {
      store,
      other,
      rotate: async environment => void (await vault.server.call('POST', `${key(environment)}/rotate`)),
      retire: async environment => {
        const { body } = await vault.server.call('GET', key(environment));
        const { latest_version } = (body as { data: { latest_version: number } }).data;
        await vault.server.call('POST', `${key(environment)}/config`, {
          min_decryption_version: latest_version,
        });
      },
      stop: vault.stop,
    };
  }, true),
);
