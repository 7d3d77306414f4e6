/** Who a caller is. Roles and other kinds of callers will join here. */
import { bearerOf, hashToken } from './tokens.ts';

/** What is stored of a token, under its hash. */
export interface TokenRecord {
  readonly name: string;
  /** ISO 8601. */
  readonly created_at: string;
}

export interface Principal {
  /** Shown in the audit trail as `updated_by`. */
  readonly name: string;
}

/** The principal of an Authorization header, `undefined` for none or an unknown token. Looks up by hash alone. */
export function authenticate(
  lookup: (hash: string) => TokenRecord | undefined,
  authorization: string | null | undefined,
): Principal | undefined {
  const token = bearerOf(authorization);
  const record = token === undefined ? undefined : lookup(hashToken(token));
  return record && { name: record.name };
}
