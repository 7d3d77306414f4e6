/** Where the processes of the stack keep secrets: a Vault of its own, one that is elsewhere, or a keyring in a file. */
import { join } from 'node:path';
import process from 'node:process';
import type { CertificateFiles } from './certificates.ts';
import type { Ports } from './ports.ts';
import { programs } from './programs.ts';
import { createVaultServer, type VaultServer } from './vault-server.ts';
import { setUpVault, type VaultRole, vaultSettings } from './vault-setup.ts';

export type SecretsKind = 'vault' | 'keyring';

export interface Secrets {
  /** What is to be started; undefined where there is nothing. */
  readonly vault: VaultServer | undefined;
  /** Settings of a process. Its role's ids are there once {@link Secrets.setUp} is done. */
  settings(role: VaultRole): Readonly<Record<string, string | undefined>>;
  /** Once, when what is to be started has been started. */
  setUp(): Promise<void>;
}

/** Vault where there is one: a program, or QV_VAULT_ADDR. */
export const secretsAtHand = (): SecretsKind =>
  process.env.QV_VAULT_ADDR || programs.vault() ? 'vault' : 'keyring';

/** What the shell that starts the stack may have set for other purposes. */
const UNSET: Readonly<Record<string, undefined>> = {
  VAULT_ADDR: undefined,
  VAULT_NAMESPACE: undefined,
  VAULT_CACERT: undefined,
  VAULT_TOKEN_FILE: undefined,
  VAULT_KUBERNETES_ROLE: undefined,
  KEYRING_FILE: undefined,
};

/** @param tls of a Vault, by its name; of an authority of its own where not given */
export async function createSecrets(
  kind: SecretsKind,
  dir: string,
  ports: Ports,
  tls: (name: string) => CertificateFiles | undefined,
): Promise<Secrets> {
  const nothing = async () => {};
  if (kind === 'keyring') {
    const settings = () => ({ ...UNSET, KEYRING_FILE: join(dir, 'keyring.json') });
    return { vault: undefined, settings, setUp: nothing };
  }
  if (process.env.QV_VAULT_ADDR) {
    // Set up by whoever runs it: QV_VAULT_TOKEN_FILE is VAULT_TOKEN_FILE, and so on.
    const given = Object.entries(process.env).filter(([name]) => name.startsWith('QV_VAULT_'));
    const settings = Object.fromEntries(given.map(([name, value]) => [name.slice('QV_'.length), value]));
    return { vault: undefined, settings: () => ({ ...UNSET, ...settings }), setUp: nothing };
  }
  const vault = createVaultServer({
    name: 'vault',
    dir,
    port: await ports.next(),
    clusterPort: await ports.next(),
    tls: tls('vault'),
  });
  const roles = join(dir, 'vault-roles');
  return {
    vault,
    settings: role => ({ ...UNSET, ...vaultSettings(vault, roles, role) }),
    setUp: () => setUpVault(vault, roles),
  };
}
