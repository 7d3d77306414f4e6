/** Who may read here: decided from the snapshot alone, and remembered until the tokens change. */
import { authenticate } from '@quantivista/access';
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
  const decided = new Map<string, boolean>();
  replica.listen({
    applied: entry => {
      if (entry.changes.some(change => change.key.startsWith(TOKENS_PREFIX))) decided.clear();
    },
    replaced: () => decided.clear(),
  });

  const decide = (authorization: string): boolean => {
    const snapshot = replica.current?.snapshot;
    if (!snapshot) return false;
    const lookup = (hash: string) => {
      const record = snapshot.other(TOKENS_PREFIX + hash);
      return record === undefined ? undefined : JSON.parse(record);
    };
    return authenticate(lookup, authorization) !== undefined;
  };

  const allows = (authorization: string | null): boolean => {
    if (mode === 'open') return true;
    // No token is as long; what is must not be remembered.
    if (authorization === null || authorization.length > 256) return false;
    let allowed = decided.get(authorization);
    if (allowed === undefined) {
      allowed = decide(authorization);
      if (decided.size >= capacity) decided.clear();
      decided.set(authorization, allowed);
    }
    return allowed;
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
