export { createKeyring } from './keyring.ts';
export { retireKey, rotateKeyring } from './keyring-file.ts';
export type { Keeping, Opened, SecretPath, SecretStore, SecretStoreStatus } from './secret-store.ts';
