/** Who may read here: decided from the snapshot alone, and remembered until the tokens change. */
import { bearerOf, hashToken, may, type Principal, principalOf } from '@quantivista/access';
import { type Permission, ServiceError, TOKENS_PREFIX } from '@quantivista/contracts';
import type { Replica } from '../follow/replica.ts';

export interface SecretsOf {
  readonly environment: string;
  readonly service: string;
  readonly key?: string | undefined;
}

/** One who may read. */
export interface Reader {
  /** The service that the token names. */
  readonly service: string | undefined;
  /** Absent where no token was needed, and none that is known was shown. */
  readonly tokenHash: string | undefined;
}

export interface ReadAccess {
  /** Who bears this Authorization header; `undefined` for one who may not read. */
  reader(authorization: string | null): Reader | undefined;
  /** Whether the bearer of this Authorization header may read. */
  allows(authorization: string | null): boolean;
  /** Whether it may see the secrets of a service, or the one of a key; asked besides `allows`. */
  allowsSecrets(authorization: string | null, of: SecretsOf): boolean;
  /**
   * @throws ServiceError `unauthenticated` where nobody is known, `forbidden` where who is known may not read,
   * `not_ready` while nobody can be known.
   */
  require(authorization: string | null): Reader;
  /** Whether the token of this hash lets its bearer read, still; `undefined` for who came without one. */
  holds(tokenHash: string | undefined): boolean;
}

interface Decision {
  readonly reader: Reader;
  readonly isKnown: boolean;
  /** Until when they may read, in milliseconds since the epoch; 0: they may not. */
  readonly untilMs: number;
  readonly secretsUntilMs: number;
}

const ANYONE: Reader = { service: undefined, tokenHash: undefined };

/** `open` lets everyone read; `token` asks for a token that the authority has made. */
export function createReadAccess(replica: Replica, mode: 'open' | 'token', capacity = 10_000): ReadAccess {
  const decided = new Map<string, Decision>();
  replica.listen({
    applied: entry => {
      if (entry.changes.some(change => change.key.startsWith(TOKENS_PREFIX))) decided.clear();
    },
    replaced: () => decided.clear(),
  });

  const bearerOfHash = (hash: string): Principal | undefined => {
    const record = replica.current?.snapshot.other(TOKENS_PREFIX + hash);
    return record === undefined ? undefined : principalOf(JSON.parse(record));
  };
  const decide = (authorization: string): Decision => {
    const token = bearerOf(authorization);
    const hash = token === undefined ? undefined : hashToken(token);
    const principal = hash === undefined ? undefined : bearerOfHash(hash);
    if (!principal) return { reader: ANYONE, isKnown: false, untilMs: 0, secretsUntilMs: 0 };
    const reader = { service: principal.service, tokenHash: hash };
    const until = (permission: Permission) => (may(principal, permission) ? principal.expiresAtMs : 0);
    return { reader, isKnown: true, untilMs: until('read'), secretsUntilMs: until('read-secret') };
  };
  const decisionOn = (authorization: string | null): Decision | undefined => {
    // No token is as long; what is must not be remembered.
    if (authorization === null || authorization.length > 256) return undefined;
    let decision = decided.get(authorization);
    if (decision === undefined) {
      decision = decide(authorization);
      if (decided.size >= capacity) decided.clear();
      decided.set(authorization, decision);
    }
    return decision;
  };

  const reader = (authorization: string | null): Reader | undefined => {
    const decision = decisionOn(authorization);
    if (decision && decision.untilMs > 0 && Date.now() < decision.untilMs) return decision.reader;
    return mode === 'open' ? ANYONE : undefined;
  };

  return {
    reader,
    allows: authorization => mode === 'open' || reader(authorization) !== undefined,
    allowsSecrets: authorization => Date.now() < (decisionOn(authorization)?.secretsUntilMs ?? 0),
    require: authorization => {
      const found = reader(authorization);
      if (found) return found;
      // Without a state no token is known, so none can be refused.
      if (!replica.current) throw new ServiceError('not_ready');
      const decision = decisionOn(authorization);
      const isForbidden = decision?.isKnown && decision.untilMs === 0;
      throw new ServiceError(isForbidden ? 'forbidden' : 'unauthenticated');
    },
    holds: tokenHash => {
      if (mode === 'open') return true;
      const principal = tokenHash === undefined ? undefined : bearerOfHash(tokenHash);
      return principal !== undefined && may(principal, 'read');
    },
  };
}
