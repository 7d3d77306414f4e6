/**
 * Callers that others vouch for: JWTs, checked with the issuers' keys alone. What was checked once is remembered
 * until it expires or its key is gone, what was refused for a moment; both in bounded memory.
 */
import { createHash } from 'node:crypto';
import type { Principal } from '@quantivista/access';
import { ServiceError } from '@quantivista/contracts';
import type { Log } from '@quantivista/runtime';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { createKeySet, type HeldKey, type KeySet } from './key-set.ts';
import { type IssuerSettings, nameFrom } from './settings.ts';

/** Of a JWT that is looked at. */
const MAX_LENGTH = 8_192;
const MAX_GROUPS = 200;
const REFUSED_MS = 10_000;
/** Clocks may differ so far. */
const TOLERANCE_S = 5;

export interface Issuers {
  /** The principal of a bearer that was checked, and still holds. */
  known(bearer: string): Principal | undefined;
  /** @throws ServiceError `not_ready` where the keys to check it with are not to be had */
  check(bearer: string): Promise<Principal | undefined>;
  /** Whether the key that vouched for it is still good; true of those that no issuer vouched for. */
  vouchFor(principal: Principal): boolean;
  /** Called whenever the keys of an issuer are others than before. */
  listen(changed: () => void): void;
  close(): void;
}

interface Vouched {
  readonly keys: KeySet;
  readonly key: HeldKey;
}

export interface IssuersOptions {
  readonly settings: readonly IssuerSettings[];
  readonly log: Log;
  /** Bearers remembered. @default 10_000 */
  readonly capacity?: number;
}

const looksLikeJwt = (bearer: string): boolean =>
  bearer.length <= MAX_LENGTH && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(bearer);

export function createIssuers({ settings, log, capacity = 10_000 }: IssuersOptions): Issuers {
  const listeners: (() => void)[] = [];
  const refused = new Map<string, number>();
  const checked = new Map<string, Principal>();
  const checking = new Map<string, Promise<Principal | undefined>>();
  const vouched = new WeakMap<Principal, Vouched>();
  const onChange = () => {
    // A key that is new may be the one that was missed.
    refused.clear();
    for (const changed of listeners) changed();
  };
  const issuers = new Map(
    settings.map(each => [each.issuer, { settings: each, keys: createKeySet(each, log, onChange) }]),
  );

  const vouchFor = (principal: Principal): boolean => {
    const by = vouched.get(principal);
    return by === undefined || by.keys.holds(by.key);
  };
  const remember = <T>(map: Map<string, T>, name: string, value: T) => {
    // The oldest goes.
    if (map.size >= capacity) map.delete(map.keys().next().value!);
    map.set(name, value);
  };

  async function verify(bearer: string): Promise<Principal | undefined> {
    const { alg = '', kid } = decodeProtectedHeader(bearer);
    const issuer = issuers.get(decodeJwt(bearer).iss ?? '');
    if (!issuer || !(issuer.settings.algorithms as readonly string[]).includes(alg)) return undefined;
    const { settings: of, keys } = issuer;
    const key = await keys.find(kid);
    if (key === 'unavailable') {
      throw new ServiceError('not_ready', { message: 'the keys of its issuer can not be had' });
    }
    if (!key) return undefined;
    const { payload } = await jwtVerify(bearer, await keys.verifier(key, alg), {
      issuer: of.issuer,
      audience: of.audience,
      algorithms: of.algorithms,
      clockTolerance: TOLERANCE_S,
      requiredClaims: ['exp', 'iss', 'aud'],
    });
    const name = nameFrom(of.prefix, payload[of.name_claim]);
    if (name === undefined) return undefined;
    const said = payload[of.groups_claim];
    const groups = (Array.isArray(said) ? said : [said]).slice(0, MAX_GROUPS);
    const principal: Principal = {
      name,
      kind: of.kind,
      groups: groups.flatMap(group => nameFrom(of.prefix, group) ?? []),
      permissions: [],
      expiresAtMs: payload.exp! * 1_000,
    };
    vouched.set(principal, { keys, key });
    return principal;
  }

  async function judge(bearer: string, digest: string): Promise<Principal | undefined> {
    let principal: Principal | undefined;
    try {
      principal = await verify(bearer);
    } catch (error) {
      // What jose refuses, or can't read; a fault of ours is none of the token's.
      if (error instanceof ServiceError) throw error;
      if (!(error instanceof errors.JOSEError) && !(error instanceof TypeError)) throw error;
    }
    if (principal && Date.now() < principal.expiresAtMs) remember(checked, bearer, principal);
    else remember(refused, digest, Date.now() + REFUSED_MS);
    return principal;
  }

  const known: Issuers['known'] = bearer => {
    const principal = checked.get(bearer);
    if (principal === undefined) return undefined;
    if (Date.now() < principal.expiresAtMs && vouchFor(principal)) return principal;
    checked.delete(bearer);
    return undefined;
  };

  return {
    known,
    vouchFor,
    check: async bearer => {
      if (issuers.size === 0 || !looksLikeJwt(bearer)) return undefined;
      const before = known(bearer);
      if (before) return before;
      // Made-up tokens are as long as their makers like: so many of them are remembered by their digests.
      const digest = createHash('sha256').update(bearer).digest('base64');
      if ((refused.get(digest) ?? 0) > Date.now()) return undefined;
      const under = checking.get(digest) ?? judge(bearer, digest).finally(() => checking.delete(digest));
      checking.set(digest, under);
      return under;
    },
    listen: changed => void listeners.push(changed),
    close: () => {
      for (const { keys } of issuers.values()) keys.close();
    },
  };
}
