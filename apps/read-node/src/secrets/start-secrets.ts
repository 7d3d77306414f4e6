/** The secrets of this node, from what its environment says of their store. */
import type { Log } from '@quantivista/runtime';
import { createKeyring } from '@quantivista/vault';
import type { ReadNodeConfig } from '../config.ts';
import type { Replica } from '../follow/replica.ts';
import { createOpenedSecrets, type OpenedSecrets } from './opened-secrets.ts';

/** `undefined` where no store is named. @throws Error where what is named is no store */
export async function startSecrets({
  config,
  replica,
  log,
}: {
  config: ReadNodeConfig;
  replica: Replica;
  log: Log;
}): Promise<OpenedSecrets | undefined> {
  if (config.KEYRING_FILE === undefined) return undefined;
  const store = await createKeyring({ file: config.KEYRING_FILE, log });
  return createOpenedSecrets({ replica, store, log });
}
