/** Who calls: tokens looked up in etcd by their hash, remembered for a moment, also those that are not known. */
import {
  authenticate,
  bearerOf,
  hashToken,
  may,
  type Principal,
  type TokenRecord,
} from '@quantivista/access';
import { type Permission, ServiceError, TOKENS_PREFIX } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';

/** A token that was revoked works for so long at the most; a bad one asks etcd no more often. */
const REMEMBER_MS = 1_000;
const CAPACITY = 10_000;

export interface Callers {
  /**
   * The caller, who has any one of these permissions where some are given.
   * @throws ServiceError `unauthenticated`, `forbidden`, `store_unavailable`
   */
  require(authorization: string | undefined, anyOf?: readonly Permission[]): Promise<Principal>;
}

export function createCallers(etcd: Etcd): Callers {
  const remembered = new Map<string, { record: TokenRecord | undefined; untilMs: number }>();

  async function lookup(hash: string): Promise<TokenRecord | undefined> {
    const known = remembered.get(hash);
    if (known && known.untilMs > Date.now()) return known.record;
    const { entries } = await etcd.read([TOKENS_PREFIX + hash]);
    const record = entries[0] && (JSON.parse(entries[0].value) as TokenRecord);
    if (remembered.size >= CAPACITY) remembered.clear();
    remembered.set(hash, { record, untilMs: Date.now() + REMEMBER_MS });
    return record;
  }

  return {
    require: async (authorization, anyOf) => {
      const token = bearerOf(authorization);
      const record = token === undefined ? undefined : await lookup(hashToken(token));
      const principal = authenticate(() => record, authorization);
      if (!principal) throw new ServiceError('unauthenticated');
      if (anyOf && !anyOf.some(each => may(principal, each))) {
        const message = `it takes the permission ${anyOf.join(' or ')}`;
        throw new ServiceError('forbidden', { message, details: { permissions: anyOf } });
      }
      return principal;
    },
  };
}
