/**
 * Where the signing secrets of webhooks are kept. Records name them by id alone, so that neither etcd nor the
 * trail holds one; another keeper (a vault) can take this one's place.
 */
import type { SealedSecrets } from '@quantivista/audit';
import { ensureKey } from './key-file.ts';
import { seal, unseal } from './seal.ts';

export interface SigningSecrets {
  keep(webhook: string, id: string, secret: string): Promise<void>;
  /** @throws Error saying why the secret can't be had */
  reveal(id: string): Promise<string>;
  /** Destroy all of a webhook's. */
  forget(webhook: string): Promise<void>;
}

/** Sealed by the key in `keyFile`, in a table of their own. */
export function createSigningSecrets(table: SealedSecrets, keyFile: string): SigningSecrets {
  return {
    keep: async (webhook, id, secret) => table.keep(webhook, id, seal(await ensureKey(keyFile), id, secret)),
    reveal: async id => {
      const sealed = await table.read(id);
      if (!sealed) throw new Error('its signing secret is not there any more: rotate it');
      return unseal(await ensureKey(keyFile), id, sealed);
    },
    forget: webhook => table.forget(webhook),
  };
}
