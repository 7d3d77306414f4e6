/** Secrets sealed by keys in a file: for development, since who reads the file and etcd reads everything. */
import { stat } from 'node:fs/promises';
import { type SealedValue, ServiceError } from '@quantivista/contracts';
import type { Log } from '@quantivista/runtime';
import { decrypt, encrypt } from './aes-gcm.ts';
import { ensureKeys, type Keys, readKeys } from './keyring-file.ts';
import { bindingOf, decodePlaintext, encodePlaintext } from './plaintext.ts';
import type { Opened, SecretPath, SecretStore, SecretStoreStatus } from './secret-store.ts';

const NOTE = 'the keys stand in a file on this machine: for development, not for production';

/**
 * Open the keyring in `file`, making it where there is none (0600).
 * @throws Error where the file can be read by others, or is no keyring
 */
export async function createKeyring({ file, log }: { file: string; log: Log }): Promise<SecretStore> {
  let keys = await ensureKeys(file);
  let status: SecretStoreStatus = { kind: 'keyring', state: 'ready', since: Date.now(), note: NOTE };
  log.warn({ file }, `secrets are sealed by a keyring: ${NOTE}`);

  const become = (state: SecretStoreStatus['state'], note: string) => {
    if (status.state !== state) status = { kind: 'keyring', state, since: Date.now(), note };
  };

  /** The keys of now: another process may have rotated them. */
  async function current(): Promise<Keys> {
    try {
      const { ino, mtimeMs } = await stat(file);
      if (`${ino}-${mtimeMs}` !== keys.readFrom) keys = await readKeys(file);
      become('ready', NOTE);
      return keys;
    } catch (cause) {
      // What is kept from now on could be lost with this process.
      become('unreachable', `${file} can't be read`);
      throw new ServiceError('secrets_unavailable', { message: "The keyring's file can't be read", cause });
    }
  }

  const seal = ({ newest, byNumber }: Keys, path: SecretPath, plaintext: Buffer): SealedValue => {
    const text = encrypt(byNumber.get(newest)!, bindingOf(path), plaintext);
    return { $sealed: { store: 'keyring', key: newest, text } };
  };

  async function unseal(path: SecretPath, { $sealed }: SealedValue): Promise<Buffer | Opened> {
    if ($sealed.store !== 'keyring') return { kind: 'absent' };
    const { newest, byNumber } = await current();
    const key = byNumber.get($sealed.key);
    if (key === undefined) return { kind: $sealed.key < newest ? 'destroyed' : 'absent' };
    return decrypt(key, bindingOf(path), $sealed.text) ?? { kind: 'absent' };
  }

  return {
    keep: async (path, value) => seal(await current(), path, encodePlaintext(value)),
    open: async (path, sealed) => {
      const plaintext = await unseal(path, sealed);
      return Buffer.isBuffer(plaintext) ? { kind: 'opened', value: decodePlaintext(plaintext) } : plaintext;
    },
    rewrap: async (path, sealed) => {
      const plaintext = await unseal(path, sealed);
      const newest = await current();
      if (!Buffer.isBuffer(plaintext)) return undefined;
      if (sealed.$sealed.store === 'keyring' && sealed.$sealed.key === newest.newest) return undefined;
      return seal(newest, path, plaintext);
    },
    destroy: async () => false,
    status: () => status,
    close: async () => {},
  };
}
