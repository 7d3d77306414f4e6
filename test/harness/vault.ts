/** A Vault for a test: set up as it should be in production, and nothing left of it afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, watchCertificates } from '@quantivista/runtime';
import type { SecretStore, VaultOptions } from '@quantivista/vault';
import { describe, test } from 'vitest';
import { createPorts } from '../../infra/stack/ports.ts';
import { programs } from '../../infra/stack/programs.ts';
import { createVaultServer, type VaultServer } from '../../infra/stack/vault-server.ts';
import { setUpVault, type VaultRole, vaultSettings } from '../../infra/stack/vault-setup.ts';
import { createVault } from '../../packages/vault/src/vault.ts';

/** Where there is no Vault the tests are skipped, and the output says so. */
export function describeWithVault(name: string, body: () => void): void {
  const missing = 'no vault or bao is on PATH, and none was built (infra/vault/build.sh builds it)';
  if (programs.vault()) describe(name, body);
  else describe(name, () => test('on a real one', ({ skip }) => skip(missing)));
}

export interface TestVault {
  readonly server: VaultServer;
  /** Of a process that logs in as one of the roles. */
  settings(role: VaultRole): ReturnType<typeof vaultSettings>;
  /** For what else a test writes. */
  readonly dir: string;
  /** As one of the roles; closed by `stop`. */
  open(role: VaultRole, options?: Partial<VaultOptions>): SecretStore;
  stop(): Promise<void>;
}

export async function startTestVault(): Promise<TestVault> {
  const dir = mkdtempSync(join(tmpdir(), 'qv-vault-'));
  const ports = createPorts();
  const [port, clusterPort] = [await ports.next(), await ports.next()];
  const server = createVaultServer({ name: 'vault', dir, port, clusterPort });
  const stores: SecretStore[] = [];
  const stop = async () => {
    await Promise.all(stores.map(store => store.close()));
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await server.start();
    const roles = join(dir, 'roles');
    await setUpVault(server, roles);
    return {
      server,
      dir,
      settings: role => vaultSettings(server, roles, role),
      open: (role, options = {}) => {
        const files = vaultSettings(server, roles, role);
        const login = {
          by: 'approle',
          mount: 'approle',
          roleIdFile: files.VAULT_ROLE_ID_FILE,
          secretIdFile: files.VAULT_SECRET_ID_FILE,
        } as const;
        const store = createVault({
          address: server.url,
          certificates: watchCertificates({ caFile: server.caFile }, silentLog),
          login,
          kvMount: 'quantivista-secrets',
          transitMount: 'quantivista-transit',
          // Patient: a test that asks how long it takes says so.
          timeoutMs: 30_000,
          probeMs: 200,
          log: silentLog,
          ...options,
        });
        stores.push(store);
        return store;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
