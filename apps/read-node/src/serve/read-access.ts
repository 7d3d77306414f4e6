/** Who may read what here: decided from the snapshot and the issuers' keys alone, and remembered. */
import {
  type AccessModel,
  type Action,
  bearerOf,
  hashToken,
  isToken,
  nameOf,
  type Principal,
  principalOf,
  type Resource,
  readAccessModel,
  SOME,
  type TokenRecord,
} from '@quantivista/access';
import {
  ACCESS_PREFIX,
  BINDINGS_PREFIX,
  ROLES_PREFIX,
  ServiceError,
  TOKENS_PREFIX,
} from '@quantivista/contracts';
import type { Issuers } from '@quantivista/issuers';
import { createRateLimits, networkOf, type RateLimits } from '@quantivista/runtime';
import type { Replica } from '../follow/replica.ts';
import type { NodeDenials } from './node-denials.ts';
import { flagsResource } from './readable.ts';
import { createReader, type Reader, type Standing } from './reader.ts';

/** Where a request comes from; asked only where that counts. */
export type AddressOf = () => string | undefined;

export interface ReadAccess {
  /**
   * Find out who this is, where that takes time: a JWT's signature. What follows is answered from memory. It counts
   * as a request of the caller or, where nobody is known by it, of the address.
   * @throws ServiceError `rate_limited`; `not_ready` where its issuer's keys are not to be had
   */
  meet(authorization: string | null, address: AddressOf): Promise<void>;
  /** A map look-up; `undefined` for one that is not known, or not met yet. */
  reader(authorization: string | null): Reader | undefined;
  /**
   * The reader, whatever it may do; where reads are open, anyone.
   * @throws ServiceError `unauthenticated`, put on record; `not_ready` while nobody can be known
   */
  identify(authorization: string | null): Reader;
  /** Whether the bearer of this Authorization header may read anything. */
  allows(authorization: string | null): boolean;
  /**
   * The reader, who may do it with the resource; without one: read anything.
   * @throws ServiceError `unauthenticated`, `forbidden`, put on record; `not_ready` while nobody can be known
   */
  require(authorization: string | null, resource?: Resource, action?: Action): Reader;
  /** Whether the token of this hash may read flags, still; `undefined` for who came without one. */
  holds(tokenHash: string | undefined): boolean;
  /** Called when rights have changed, after they have. */
  listen(changed: () => void): void;
}

export interface ReadAccessOptions {
  /** @default none */
  readonly issuers?: Issuers;
  /** @default not reported */
  readonly denials?: NodeDenials;
  /** @default none */
  readonly rates?: ReadRates;
  readonly capacity?: number;
}

export interface ReadRates {
  readonly callers: RateLimits;
  readonly strangers: RateLimits;
}
/** As many as come. */
const NO_RATES: ReadRates = {
  callers: createRateLimits({ perSecond: 0 }),
  strangers: createRateLimits({ perSecond: 0 }),
};

/** Some key of some service. */
const SOMETHING: Resource = { environment: SOME, service: SOME, key: SOME, type: SOME };

/** No token and no JWT that is taken is as long; what is must not be remembered. */
const LONGEST = 8_300;
const LONGEST_STRANGER = 256;

/** `open` lets everyone read; `token` asks for a token, or a JWT of one of the issuers. */
export function createReadAccess(
  replica: Replica,
  mode: 'open' | 'token',
  { issuers, denials, rates = NO_RATES, capacity = 10_000 }: ReadAccessOptions = {},
): ReadAccess {
  const listeners: (() => void)[] = [];
  const readers = new Map<string, Reader>();
  /** Tokens that nobody is known by, and the epoch of which that is true: they cost a look-up. */
  const strangers = new Map<string, number>();
  let epoch = 0;
  let model: AccessModel | undefined;

  const changed = () => {
    epoch++;
    for (const listener of listeners) listener();
  };
  replica.listen({
    applied: ({ changes }) => {
      const keys = changes.flatMap(({ key }) => (key.startsWith(ACCESS_PREFIX) ? [key] : []));
      if (keys.some(key => !key.startsWith(TOKENS_PREFIX))) model = undefined;
      if (keys.length > 0) changed();
    },
    replaced: () => {
      model = undefined;
      changed();
    },
  });
  issuers?.listen(changed);

  const valuesOf = (prefix: string) =>
    (replica.current?.snapshot.others(prefix) ?? []).map(({ value }) => value);
  const standing: Standing = {
    get epoch() {
      return epoch;
    },
    open: mode === 'open',
    rateOf: ({ kind, name }) => rates.callers.of(`${kind} ${name}`),
    model: () => {
      model ??= readAccessModel(valuesOf(ROLES_PREFIX), valuesOf(BINDINGS_PREFIX));
      return model;
    },
  };
  const everyone = createReader(standing, () => undefined);

  /** Whom the token of a hash stands for by its record as it is now. */
  function tokenBearer(hash: string): Reader {
    const key = TOKENS_PREFIX + hash;
    let text: string | undefined;
    let principal: Principal | undefined;
    const current = () => {
      const stored = replica.current?.snapshot.other(key);
      if (stored !== text)
        principal = stored === undefined ? undefined : principalOf(JSON.parse(stored) as TokenRecord);
      text = stored;
      return principal;
    };
    return createReader(standing, current, hash);
  }
  function bearer(shown: string): Reader | undefined {
    if (isToken(shown)) return tokenBearer(hashToken(shown));
    const principal = issuers?.known(shown);
    return principal && createReader(standing, () => (issuers!.vouchFor(principal) ? principal : undefined));
  }

  function reader(authorization: string | null): Reader | undefined {
    if (authorization === null || authorization.length > LONGEST) return undefined;
    const known = readers.get(authorization);
    if (known?.isKnown()) return known;
    if (known) readers.delete(authorization);
    if (strangers.get(authorization) === epoch) return undefined;
    const shown = bearerOf(authorization);
    const found = shown === undefined ? undefined : bearer(shown);
    if (found?.isKnown()) return remember(readers, authorization, found);
    // A JWT may be met a moment later.
    if (authorization.length <= LONGEST_STRANGER && !(shown && !isToken(shown)))
      remember(strangers, authorization, epoch);
    return undefined;
  }
  /** The oldest goes. */
  function remember<T>(map: Map<string, T>, authorization: string, value: T): T {
    if (map.size >= capacity) map.delete(map.keys().next().value!);
    map.set(authorization, value);
    return value;
  }

  const identify = (authorization: string | null): Reader => {
    const found = reader(authorization) ?? (standing.open ? everyone : undefined);
    if (found) return found;
    // Without a state no token is known, so none can be refused.
    if (!replica.current) throw new ServiceError('not_ready');
    denials?.record({
      caller: '',
      action: '',
      resource: '',
      why: authorization === null ? 'no token' : 'an unknown token',
    });
    throw new ServiceError('unauthenticated');
  };
  const mayReadSomething = ({ decide }: Reader) => decide(SOMETHING).allowed;

  return {
    reader: authorization => reader(authorization) ?? (standing.open ? everyone : undefined),
    meet: async (authorization, address) => {
      const found = reader(authorization);
      if (found?.take() === false) throw new ServiceError('rate_limited');
      if (found) return;
      const shown =
        authorization === null || authorization.length > LONGEST ? undefined : bearerOf(authorization);
      const jwt = shown !== undefined && !isToken(shown) ? shown : undefined;
      // Where reads are open nobody has to be known.
      if (standing.open && !jwt) return;
      const rate = rates.strangers.of(networkOf(address()));
      if (!rate.take()) throw new ServiceError('rate_limited');
      if (jwt && (await issuers?.check(jwt))) rate.give();
    },
    identify,
    allows: authorization => {
      if (standing.open) return true;
      const found = reader(authorization);
      return found !== undefined && mayReadSomething(found);
    },
    require: (authorization, resource = SOMETHING, action = 'read') => {
      const found = identify(authorization);
      const decision = found.decide(resource, action);
      if (decision.allowed) return found;
      const on = resource === SOMETHING ? '' : ` on ${nameOf(resource)}`;
      denials?.record({ caller: found.name, action, resource: on.slice(4), why: decision.why });
      const message = `it takes the permission ${action}${on}`;
      throw new ServiceError('forbidden', { message, details: { permissions: [action] } });
    },
    holds: tokenHash =>
      standing.open ||
      (tokenHash !== undefined && tokenBearer(tokenHash).decide(flagsResource(SOME)).allowed),
    listen: listener => void listeners.push(listener),
  };
}
