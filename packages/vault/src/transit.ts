/**
 * Encryption by Vault's transit engine: its keys never leave it. Each environment has a key, derived for
 * each path (`context`), so a ciphertext opens at its path alone.
 */
import { ServiceError } from '@quantivista/contracts';
import { z } from 'zod';
import { createBatch } from './batch.ts';
import { transitKey } from './names.ts';
import { bindingOf } from './plaintext.ts';
import { createProven } from './proven.ts';
import { unexpected } from './reply.ts';
import type { SecretPath } from './secret-store.ts';
import type { Session } from './session.ts';

/** `destroyed`: the key's version is no longer used; `absent`: by other keys, for another path, or altered. */
export type Decrypted =
  | { readonly kind: 'decrypted'; readonly plaintext: Buffer }
  | { readonly kind: 'destroyed' | 'absent' };

export interface Transit {
  /** `vault:v1:…` */
  encrypt(path: SecretPath, plaintext: Buffer): Promise<string>;
  decrypt(path: SecretPath, text: string): Promise<Decrypted>;
  /** The same under the key's newest version; `undefined` of what is destroyed or absent. */
  rewrap(path: SecretPath, text: string): Promise<string | undefined>;
  /** A new key of 256 bits: itself, and encrypted. */
  dataKey(path: SecretPath): Promise<{ readonly plaintext: Buffer; readonly text: string }>;
}

const MAX_TOGETHER = 64;

const Result = z.object({
  plaintext: z.string().optional(),
  ciphertext: z.string().optional(),
  error: z.string().optional(),
});
type Result = z.infer<typeof Result>;
const Results = z.object({ data: z.object({ batch_results: z.array(Result) }) });
const KeyConfig = z.object({ data: z.object({ derived: z.boolean() }) });
const DataKey = z.object({ data: z.object({ plaintext: z.base64(), ciphertext: z.string() }) });

/** What Vault says of a ciphertext that it will not open, or can't. */
const DISALLOWED = /disallowed by policy/;
const NOT_OURS = /message authentication failed|invalid ciphertext/;

export function createTransit({ call }: Session, mount: string): Transit {
  type Operation = 'encrypt' | 'decrypt' | 'rewrap';
  type Item = Readonly<Record<string, string>>;
  const batches = new Map<string, (item: Item) => Promise<Result>>();

  /** A batch's items fail one by one: with 400 where all of them do. */
  async function send(path: string, items: readonly Item[]): Promise<readonly Result[]> {
    const reply = await call({ method: 'POST', path, body: { batch_input: items } });
    const { data } = Results.safeParse(reply.body);
    if (!data || data.data.batch_results.length !== items.length) throw unexpected(reply, path);
    return data.data.batch_results;
  }

  /** Vault takes a context for any key, and ignores it where the key is not one to derive others from. */
  async function prove(key: string): Promise<void> {
    const path = `${mount}/keys/${key}`;
    const reply = await call({ method: 'GET', path });
    const config = KeyConfig.safeParse(reply.body).data;
    if (config?.data.derived) return;
    if (!config && reply.status !== 404) throw unexpected(reply, path);
    throw new ServiceError('secrets_unavailable', {
      message: `Vault must have a key at ${path} that is made with derived=true`,
    });
  }
  const proven = new Map<string, () => Promise<void>>();
  /** Before anything is encrypted by it. */
  function ensureDerived(at: SecretPath): Promise<void> {
    const key = transitKey(at);
    const proof = proven.get(key) ?? createProven(() => prove(key));
    proven.set(key, proof);
    return proof();
  }

  function ask(operation: Operation, at: SecretPath, item: Item): Promise<Result> {
    const path = `${mount}/${operation}/${transitKey(at)}`;
    let batch = batches.get(path);
    if (!batch) {
      batch = createBatch(MAX_TOGETHER, items => send(path, items));
      batches.set(path, batch);
    }
    return batch({ ...item, context: bindingOf(at).toString('base64') });
  }

  const refusal = (at: SecretPath, error: string | undefined): { readonly kind: 'destroyed' | 'absent' } => {
    if (error !== undefined && DISALLOWED.test(error)) return { kind: 'destroyed' };
    if (error !== undefined && NOT_OURS.test(error)) return { kind: 'absent' };
    throw new ServiceError('secrets_unavailable', {
      message: `Vault does not decrypt by the key ${mount}/${transitKey(at)}`,
    });
  };

  return {
    encrypt: async (path, plaintext) => {
      await ensureDerived(path);
      const { ciphertext } = await ask('encrypt', path, { plaintext: plaintext.toString('base64') });
      if (ciphertext !== undefined) return ciphertext;
      const message = `Vault does not encrypt by the key ${mount}/${transitKey(path)}`;
      throw new ServiceError('secrets_unavailable', { message });
    },
    decrypt: async (path, ciphertext) => {
      const { plaintext, error } = await ask('decrypt', path, { ciphertext });
      if (plaintext === undefined || error) return refusal(path, error);
      return { kind: 'decrypted', plaintext: Buffer.from(plaintext, 'base64') };
    },
    rewrap: async (path, text) => {
      const { ciphertext, error } = await ask('rewrap', path, { ciphertext: text });
      if (ciphertext !== undefined && !error) return ciphertext;
      refusal(path, error);
      return undefined;
    },
    dataKey: async at => {
      await ensureDerived(at);
      const path = `${mount}/datakey/plaintext/${transitKey(at)}`;
      const context = bindingOf(at).toString('base64');
      const reply = await call({ method: 'POST', path, body: { context, bits: 256 } });
      const { data } = DataKey.safeParse(reply.body);
      if (!data) throw unexpected(reply, path);
      return { plaintext: Buffer.from(data.data.plaintext, 'base64'), text: data.data.ciphertext };
    },
  };
}

/** The version of the key that made a text; 0 of what is none. */
export const keyVersion = (text: string): number => Number(/^vault:v([0-9]+):/.exec(text)?.[1] ?? 0);
