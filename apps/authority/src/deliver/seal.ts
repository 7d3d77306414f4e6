/** AES-256-GCM. A sealed text opens with its key and under its name alone. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Tells keys apart, and nothing of them. */
const KEY_ID_BYTES = 8;

const keyId = (key: Buffer): Buffer =>
  createHash('sha256').update('qv-key-id').update(key).digest().subarray(0, KEY_ID_BYTES);

/** Version, id of the key, nonce, tag, ciphertext. */
export function seal(key: Buffer, name: string, text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), keyId(key), nonce, cipher.getAuthTag(), ciphertext]);
}

/** @throws Error where it was sealed by another key, under another name, or was changed */
export function unseal(key: Buffer, name: string, sealed: Buffer): string {
  let at = 0;
  const take = (bytes: number) => {
    at += bytes;
    return sealed.subarray(at - bytes, at);
  };
  if (take(1)[0] !== VERSION) throw new Error('it is sealed in another way');
  if (!take(KEY_ID_BYTES).equals(keyId(key))) throw new Error('it is sealed by another key');
  const decipher = createDecipheriv('aes-256-gcm', key, take(NONCE_BYTES)).setAAD(Buffer.from(name));
  decipher.setAuthTag(take(TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(at)), decipher.final()]).toString('utf8');
}
