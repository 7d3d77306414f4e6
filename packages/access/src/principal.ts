/** Who a caller is. Other kinds of callers will join here. */
import type { Permission } from '@quantivista/contracts';
import { UNSTATED_PERMISSIONS } from './permissions.ts';
import { bearerOf, hashToken } from './tokens.ts';

/** What is stored of a token, under its hash. */
export interface TokenRecord {
  readonly name: string;
  /** Absent of tokens older than permissions: see {@link UNSTATED_PERMISSIONS}. */
  readonly permissions?: readonly Permission[];
  /** The service that bears it. */
  readonly service?: string;
  /** ISO 8601. */
  readonly created_at: string;
  /** Absent of the first token, which nobody made. */
  readonly created_by?: string;
  /** ISO 8601: from then on it is like one that is not known. */
  readonly expires_at?: string;
}

export interface Principal {
  /** Shown in the audit trail as `updated_by`. Tokens of one name are one person. */
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** The service that calls, where the token names one. */
  readonly service: string | undefined;
  /** Milliseconds since the epoch; Infinity where it does not end. */
  readonly expiresAtMs: number;
}

/**
 * The principal of an Authorization header, `undefined` for none, an unknown or an expired token. Looks up by hash
 * alone.
 */
export function authenticate(
  lookup: (hash: string) => TokenRecord | undefined,
  authorization: string | null | undefined,
  nowMs = Date.now(),
): Principal | undefined {
  const token = bearerOf(authorization);
  const record = token === undefined ? undefined : lookup(hashToken(token));
  return record && principalOf(record, nowMs);
}

/** Who bears the token of a record; `undefined` once it has expired. */
export function principalOf(record: TokenRecord, nowMs = Date.now()): Principal | undefined {
  const { name, permissions = UNSTATED_PERMISSIONS, service, expires_at } = record;
  const expiresAtMs = expires_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires_at);
  return nowMs < expiresAtMs ? { name, permissions, service, expiresAtMs } : undefined;
}
