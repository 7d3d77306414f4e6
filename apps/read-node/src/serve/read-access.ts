/** Who may read here: decided from the snapshot alone, and remembered until the tokens change. */
import { authenticate, may } from '@quantivista/access';
import { type Permission, ServiceError, TOKENS_PREFIX } from '@quantivista/contracts';
import type { Replica } from '../follow/replica.ts';

export interface SecretsOf {
  readonly environment: string;
  readonly service: string;
  readonly key?: string | undefined;
}

export interface ReadAccess {
  /** Whether the bearer of this Authorization header may read. */
  allows(authorization: string | null): boolean;
  /** Whether it may see the secrets of a service, or the one of a key; asked besides `allows`. */
  allowsSecrets(authorization: string | null, of: SecretsOf): boolean;
  /** @throws ServiceError `unauthenticated` where it may not, `not_ready` while nobody can be known. */
  require(authorization: string | null): void;
}

/** `open` lets everyone read; `token` asks for a token that the authority has made. */
/** Until when it may, in milliseconds since the epoch; 0: it may not. */
interface Decision {
  readonly readUntilMs: number;
  readonly secretsUntilMs: number;
}
const NEITHER: Decision = { readUntilMs: 0, secretsUntilMs: 0 };

export function createReadAccess(replica: Replica, mode: 'open' | 'token', capacity = 10_000): ReadAccess {
  const decided = new Map<string, Decision>();
  replica.listen({
    applied: entry => {
      if (entry.changes.some(change => change.key.startsWith(TOKENS_PREFIX))) decided.clear();
    },
    replaced: () => decided.clear(),
  });

  const decide = (authorization: string): Decision => {
    const snapshot = replica.current?.snapshot;
    if (!snapshot) return NEITHER;
    const lookup = (hash: string) => {
      const record = snapshot.other(TOKENS_PREFIX + hash);
      return record === undefined ? undefined : JSON.parse(record);
    };
    const principal = authenticate(lookup, authorization);
    if (!principal) return NEITHER;
    const until = (permission: Permission) => (may(principal, permission) ? principal.expiresAtMs : 0);
    return { readUntilMs: until('read'), secretsUntilMs: until('read-secret') };
  };

  const decisionOf = (authorization: string | null): Decision => {
    // No token is as long; what is must not be remembered.
    if (authorization === null || authorization.length > 256) return NEITHER;
    let decision = decided.get(authorization);
    if (decision === undefined) {
      decision = decide(authorization);
      if (decided.size >= capacity) decided.clear();
      decided.set(authorization, decision);
    }
    return decision;
  };
  const isStill = (untilMs: number) => untilMs > 0 && Date.now() < untilMs;

  const allows = (authorization: string | null): boolean =>
    mode === 'open' || isStill(decisionOf(authorization).readUntilMs);

  return {
    allows,
    allowsSecrets: authorization => isStill(decisionOf(authorization).secretsUntilMs),
    require: authorization => {
      if (allows(authorization)) return;
      // Without a state no token is known, so none can be refused.
      throw new ServiceError(replica.current ? 'unauthenticated' : 'not_ready');
    },
  };
}
