/** Secrets in Vault: KV v2 keeps secrets, transit encrypts what is encrypted; large values by a key of their own. */
import type { SealedValue } from '@quantivista/contracts';
import type { Log } from '@quantivista/runtime';
import { decrypt, encrypt } from './aes-gcm.ts';
import { createKvSecrets } from './kv.ts';
import type { Login } from './login.ts';
import { bindingOf, decodePlaintext, encodePlaintext } from './plaintext.ts';
import type { SecretPath, SecretStore } from './secret-store.ts';
import { createSession } from './session.ts';
import { createTransit, type Decrypted, keyVersion } from './transit.ts';
import { createTransport, type TransportOptions } from './transport.ts';

export interface VaultOptions extends TransportOptions {
  readonly login: Login;
  readonly kvMount: string;
  readonly transitMount: string;
  /** Of one call. */
  readonly timeoutMs: number;
  /** @default 5000 */
  readonly probeMs?: number;
  readonly log: Log;
}

/** Larger ones are encrypted here, by a data key: Vault is for keys, not for bulk. */
const MAX_TRANSIT_BYTES = 32_768;

/** Answers at once; whether Vault is there, `status` tells. */
export function createVault({
  kvMount,
  transitMount,
  probeMs = 5_000,
  ...options
}: VaultOptions): SecretStore {
  const session = createSession({ ...options, transport: createTransport(options), probeMs });
  const kv = createKvSecrets(session, kvMount);
  const transit = createTransit(session, transitMount);

  async function enclose(path: SecretPath, plaintext: Buffer): Promise<SealedValue['$sealed']> {
    if (plaintext.length <= MAX_TRANSIT_BYTES)
      return { store: 'vault-transit', text: await transit.encrypt(path, plaintext) };
    const key = await transit.dataKey(path);
    const text = encrypt(key.plaintext, bindingOf(path), plaintext);
    return { store: 'vault-envelope', key: key.text, text };
  }

  async function disclose(path: SecretPath, { $sealed }: SealedValue): Promise<Decrypted> {
    if ($sealed.store === 'vault-transit') return transit.decrypt(path, $sealed.text);
    if ($sealed.store !== 'vault-envelope') return { kind: 'absent' };
    const key = await transit.decrypt(path, $sealed.key);
    if (key.kind !== 'decrypted') return key;
    const plaintext = decrypt(key.plaintext, bindingOf(path), $sealed.text);
    return plaintext ? { kind: 'decrypted', plaintext } : { kind: 'absent' };
  }

  /** Under the newest version of the key; `undefined` where that made it. */
  async function renewed(path: SecretPath, text: string): Promise<string | undefined> {
    const fresh = await transit.rewrap(path, text);
    return fresh !== undefined && keyVersion(fresh) > keyVersion(text) ? fresh : undefined;
  }

  return {
    keep: async (path, value, as) => ({
      $sealed: as === 'secret' ? await kv.keep(path, value) : await enclose(path, encodePlaintext(value)),
    }),
    open: async (path, sealed) => {
      if (sealed.$sealed.store === 'vault-kv') return kv.open(path, sealed.$sealed);
      const disclosed = await disclose(path, sealed);
      if (disclosed.kind !== 'decrypted') return { kind: disclosed.kind };
      return { kind: 'opened', value: decodePlaintext(disclosed.plaintext) };
    },
    rewrap: async (path, { $sealed }) => {
      if ($sealed.store === 'vault-transit') {
        const text = await renewed(path, $sealed.text);
        return text === undefined ? undefined : { $sealed: { ...$sealed, text } };
      }
      if ($sealed.store === 'vault-envelope') {
        const key = await renewed(path, $sealed.key);
        return key === undefined ? undefined : { $sealed: { ...$sealed, key } };
      }
      return undefined;
    },
    destroy: async (path, { $sealed }) => ($sealed.store === 'vault-kv' ? kv.destroy(path, $sealed) : false),
    status: session.status,
    close: session.close,
  };
}
