/** Who a caller is. */
import type { AccessScope, Permission, PRINCIPAL_KINDS } from '@quantivista/contracts';
import { UNSTATED_PERMISSIONS } from './permissions.ts';
import { bearerOf, hashToken, isToken } from './tokens.ts';

/** What is stored of a token, under its hash. */
export interface TokenRecord {
  readonly name: string;
  /** Absent of tokens older than permissions: see {@link UNSTATED_PERMISSIONS}. */
  readonly permissions?: readonly Permission[];
  /** The service that bears it. */
  readonly service?: string;
  /** Where the permissions hold; absent: everywhere. */
  readonly scopes?: AccessScope;
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
  readonly kind: (typeof PRINCIPAL_KINDS)[number];
  /** As its issuer says; a token has none. */
  readonly groups: readonly string[];
  /** Granted by the token itself. */
  readonly permissions: readonly Permission[];
  /** The service that calls, where the token names one. */
  readonly service?: string | undefined;
  readonly scopes?: AccessScope | undefined;
  /** Milliseconds since the epoch; Infinity where it does not end. */
  readonly expiresAtMs: number;
}

/** Whom a token stands for, whether or not it has expired. */
export function principalOf(record: TokenRecord): Principal {
  const { name, permissions = UNSTATED_PERMISSIONS, scopes, service, expires_at } = record;
  const expiresAtMs = expires_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires_at);
  return { name, kind: 'token', groups: [], permissions, scopes, service, expiresAtMs };
}

/**
 * The principal of an Authorization header with a token; `undefined` for none, an unknown or an expired one. Looks
 * up by hash alone.
 */
export function authenticate(
  lookup: (hash: string) => TokenRecord | undefined,
  authorization: string | null | undefined,
  nowMs = Date.now(),
): Principal | undefined {
  const token = bearerOf(authorization);
  const record = token === undefined || !isToken(token) ? undefined : lookup(hashToken(token));
  if (!record) return undefined;
  const principal = principalOf(record);
  return nowMs < principal.expiresAtMs ? principal : undefined;
}
