/** Where secrets are kept, whichever keeps them: Vault, or a keyring in a file for development. */
import type { Json, SealedValue } from '@quantivista/contracts';

export interface SecretPath {
  /** In any case. */
  readonly environment: string;
  readonly service: string;
  readonly key: string;
}

/** `secret`: the value stays in Vault, under a version. `encrypted`: the sealed value holds it, encrypted. */
export type Keeping = 'secret' | 'encrypted';

export type Opened =
  | { readonly kind: 'opened'; readonly value: Json }
  /** It was made unreadable: its version was deleted, or its key is no longer used. */
  | { readonly kind: 'destroyed' }
  /** There is no such value for this path: it was kept for another, by another store, or was altered. */
  | { readonly kind: 'absent' };

export interface SecretStoreStatus {
  readonly kind: 'vault' | 'keyring';
  /** `denied`: it answers, and does not let us in. */
  readonly state: 'ready' | 'sealed' | 'unreachable' | 'denied';
  /** When this state began: milliseconds since the epoch. */
  readonly since: number;
  /** What a person should know of it. */
  readonly note?: string;
}

/**
 * Faults are `ServiceError('secrets_unavailable')`, told in bounded time; neither their message nor their
 * cause holds a value or a token. All of them may be repeated.
 */
export interface SecretStore {
  /**
   * Keep a value for this path. It is not in etcd yet, and nothing refers to it: what is kept and never
   * referred to, since the caller failed or a lost answer was repeated, is harmless.
   */
  keep(path: SecretPath, value: Json, as: Keeping): Promise<SealedValue>;
  /** A sealed value never changes: what was opened may be kept in memory. Elsewhere than at its path it is `absent`. */
  open(path: SecretPath, sealed: SealedValue): Promise<Opened>;
  /**
   * The same value under the newest key; `undefined` where it is already, and of what can't be rewrapped:
   * a secret in KV, what is destroyed or absent.
   */
  rewrap(path: SecretPath, sealed: SealedValue): Promise<SealedValue | undefined>;
  /** Make a secret's version unreadable for good. `false` of what can't be: a ciphertext is wherever it was copied to. */
  destroy(path: SecretPath, sealed: SealedValue): Promise<boolean>;
  status(): SecretStoreStatus;
  close(): Promise<void>;
}
