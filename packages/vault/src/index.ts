export { createKeyring } from './keyring.ts';
export { retireKey, rotateKeyring } from './keyring-file.ts';
export type { Login } from './login.ts';
export type { Keeping, Opened, SecretPath, SecretStore, SecretStoreStatus } from './secret-store.ts';
export { openSecretStore, SecretStoreVariables, secretStoreVariables } from './settings.ts';
export type { VaultOptions } from './vault.ts';
