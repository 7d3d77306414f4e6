/** Values as the bytes that are encrypted, and what they are bound to. */
import type { Json } from '@quantivista/contracts';
import type { SecretPath } from './secret-store.ts';

/** JSON, filled up with spaces to whole blocks: else the length of a ciphertext told `true` from `false`. */
const BLOCK_BYTES = 32;
const SPACE = 32;

export function encodePlaintext(value: Json): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const filled = Buffer.alloc(Math.ceil(json.length / BLOCK_BYTES) * BLOCK_BYTES, SPACE);
  json.copy(filled);
  return filled;
}

export const decodePlaintext = (bytes: Buffer): Json => JSON.parse(bytes.toString('utf8')) as Json;

/** The path as bytes, authenticated with each ciphertext: no two paths have the same. */
export const bindingOf = ({ environment, service, key }: SecretPath): Buffer =>
  Buffer.from(JSON.stringify([environment.toLowerCase(), service, key]));
