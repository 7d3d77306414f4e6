/** Who may read here: decided from the snapshot alone, and remembered until the tokens change. */
import { authenticate, may } from '@quantivista/access';
import { ServiceError, TOKENS_PREFIX } from '@quantivista/contracts';
import type { Replica } from '../follow/replica.ts';

export interface ReadAccess {
  /** Whether the bearer of this Authorization header may read. */
  allows(authorization: string | null): boolean;
  /** @throws ServiceError `unauthenticated` where it may not, `not_ready` while nobody can be known. */
  require(authorization: string | null): void;
}

/** `open` lets everyone read; `token` asks for a token that the authority has made. */
export function createReadAccess(replica: Replica, mode: 'open' | 'token', capacity = 10_000): ReadAccess {
  /** Until when each may read, in milliseconds since the epoch; 0: it may not. */
  const decided = new Map<string, number>();
  replica.listen({
    applied: entry => {
      if (entry.changes.some(change => change.key.startsWith(TOKENS_PREFIX))) decided.clear();
    },
    replaced: () => decided.clear(),
  });

  const decide = (authorization: string): number => {
    const snapshot = replica.current?.snapshot;
    if (!snapshot) return 0;
    const lookup = (hash: string) => {
      const record = snapshot.other(TOKENS_PREFIX + hash);
      return record === undefined ? undefined : JSON.parse(record);
    };
    const principal = authenticate(lookup, authorization);
    return principal && may(principal, 'read') ? principal.expiresAtMs : 0;
  };

  const allows = (authorization: string | null): boolean => {
    if (mode === 'open') return true;
    // No token is as long; what is must not be remembered.
    if (authorization === null || authorization.length > 256) return false;
    let untilMs = decided.get(authorization);
    if (untilMs === undefined) {
      untilMs = decide(authorization);
      if (decided.size >= capacity) decided.clear();
      decided.set(authorization, untilMs);
    }
    return untilMs > 0 && Date.now() < untilMs;
  };

  return {
    allows,
    require: authorization => {
      if (allows(authorization)) return;
      // Without a state no token is known, so none can be refused.
      throw new ServiceError(replica.current ? 'unauthenticated' : 'not_ready');
    },
  };
}
