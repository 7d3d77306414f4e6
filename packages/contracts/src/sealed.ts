/**
 * What stands in the place of a secret or encrypted value in etcd, Redis and Postgres: a reference or a
 * ciphertext that only packages/vault opens, for the path alone that it was kept for. Nothing in it is made
 * from the plaintext but the ciphertext. Whether a record's value is sealed is told by the record, never by
 * the value's looks: anyone may configure an object that looks like this.
 */
import { z } from '@hono/zod-openapi';

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/, 'must be base64');
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/, 'must be base64url');
/** Of Vault's transit engine: `vault:v1:…`. */
const transitText = z.string().regex(/^vault:v[1-9][0-9]*:[A-Za-z0-9+/]+={0,2}$/, 'must be a transit text');

export const SealedValue = z
  .strictObject({
    $sealed: z.discriminatedUnion('store', [
      /** A version of a KV secret. Numbers begin again where a path was wiped: `id`, kept with it, does not. */
      z.strictObject({ store: z.literal('vault-kv'), version: z.int().positive(), id: base64url }),
      z.strictObject({ store: z.literal('vault-transit'), text: transitText }),
      /** A large one: `key`, a data key sealed by transit, seals `text` (AES-256-GCM: nonce, tag, ciphertext). */
      z.strictObject({ store: z.literal('vault-envelope'), key: transitText, text: base64 }),
      /** As an envelope, by the key of this number in the file. */
      z.strictObject({ store: z.literal('keyring'), key: z.int().positive(), text: base64 }),
    ]),
  })
  .openapi('SealedValue');
export type SealedValue = z.infer<typeof SealedValue>;
