/** Who may read what here: decided from the snapshot and the issuers' keys alone, and remembered. */
import {
  type AccessModel,
  type Action,
  bearerOf,
  type ClientCertificate,
  type Credential,
  hashToken,
  isToken,
  nameOf,
  type Principal,
  principalOf,
  type Resource,
  readAccessModel,
  SOME,
  type TokenRecord,
  tokenId,
  unauthenticated,
} from '@quantivista/access';
import {
  ACCESS_PREFIX,
  BINDINGS_PREFIX,
  ROLES_PREFIX,
  ServiceError,
  TOKENS_PREFIX,
} from '@quantivista/contracts';
import type { ClientCertificates, Issuers } from '@quantivista/issuers';
import { createRequestRates, networkOf, type RequestRates } from '@quantivista/runtime';
import type { Replica } from '../follow/replica.ts';
import type { NodeDenials } from './denials.ts';
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
  meet(credential: Credential | null | undefined, address: AddressOf): Promise<void>;
  /** A map look-up; `undefined` for one that is not known, or not met yet. */
  reader(credential: Credential | null | undefined): Reader | undefined;
  /**
   * The reader, whatever it may do; where reads are open, anyone.
   * @throws ServiceError `unauthenticated`, put on record; `not_ready` while nobody can be known
   */
  identify(credential: Credential | null | undefined): Reader;
  /** Whether whoever shows this may read anything. */
  allows(credential: Credential | null | undefined): boolean;
  /**
   * The reader, who may do it with the resource; without one: read anything.
   * @throws ServiceError `unauthenticated`, `forbidden`, put on record; `not_ready` while nobody can be known
   */
  require(credential: Credential | null | undefined, resource?: Resource, action?: Action): Reader;
  /** Whether the token of this hash may read flags, still; `undefined` for who came without one. */
  holds(tokenHash: string | undefined): boolean;
  /** Ids of tokens that were used since this was asked, roughly: each about once an hour. */
  takeTokenUses(): string[];
  /** Called when rights have changed, after they have. */
  listen(changed: () => void): void;
}

export interface ReadAccessOptions {
  /** @default none */
  readonly issuers?: Issuers;
  /** @default none */
  readonly clientCertificates?: Pick<ClientCertificates, 'listen'> | undefined;
  /** @default not reported */
  readonly denials?: Pick<NodeDenials, 'record'>;
  /** @default none */
  readonly rates?: RequestRates;
  readonly capacity?: number;
}

/** As many as come. */
const NO_RATES = createRequestRates({ CALLER_REQUESTS_PER_S: 0, STRANGER_REQUESTS_PER_S: 0 });

/** Some key of some service. */
const SOMETHING: Resource = { environment: SOME, service: SOME, key: SOME, type: SOME };

/** No token and no JWT that is taken is as long; what is must not be remembered. */
const LONGEST = 8_300;
const LONGEST_STRANGER = 256;

/** `open` lets everyone read; `token` asks for a token, or a JWT of one of the issuers. */
export function createReadAccess(
  replica: Replica,
  mode: 'open' | 'token',
  { issuers, clientCertificates, denials, rates = NO_RATES, capacity = 10_000 }: ReadAccessOptions = {},
): ReadAccess {
  const listeners: (() => void)[] = [];
  const readers = new Map<string, Reader>();
  /** Apart from those who are known by a text, whatever it is. */
  const certified = new WeakMap<ClientCertificate, Reader>();
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
  clientCertificates?.listen(changed);

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

  /** Held for as long as its connection. */
  function certificateBearer(certificate: ClientCertificate): Reader | undefined {
    let found = certified.get(certificate);
    if (!found) {
      const current = () => (certificate.isTrusted() ? certificate.principal : undefined);
      found = createReader(standing, current);
      certified.set(certificate, found);
    }
    return found.isKnown() ? found : undefined;
  }

  function reader(credential: Credential | null | undefined): Reader | undefined {
    if (credential === null || credential === undefined) return undefined;
    return typeof credential === 'string' ? headerBearer(credential) : certificateBearer(credential);
  }
  function headerBearer(authorization: string): Reader | undefined {
    if (authorization.length > LONGEST) return undefined;
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

  const whyUnknown = (credential: Credential | null | undefined): string => {
    if (credential === null || credential === undefined) return 'no token';
    return typeof credential === 'string' ? 'an unknown token' : credential.why;
  };
  const identify = (credential: Credential | null | undefined): Reader => {
    const found = reader(credential) ?? (standing.open ? everyone : undefined);
    if (found) return found;
    // Without a state no token is known, so none can be refused.
    if (!replica.current) throw new ServiceError('not_ready');
    denials?.record({ caller: '', action: '', resource: '', why: whyUnknown(credential) });
    throw unauthenticated(credential);
  };
  const mayReadSomething = ({ decide }: Reader) => decide(SOMETHING).allowed;

  return {
    reader: credential => reader(credential) ?? (standing.open ? everyone : undefined),
    meet: async (credential, address) => {
      const found = reader(credential);
      if (found?.take() === false) throw new ServiceError('rate_limited');
      if (found) return;
      const shown =
        typeof credential === 'string' && credential.length <= LONGEST ? bearerOf(credential) : undefined;
      const jwt = shown !== undefined && !isToken(shown) ? shown : undefined;
      // Where reads are open nobody has to be known.
      if (standing.open && !jwt) return;
      const rate = rates.strangers.of(networkOf(address()));
      if (!rate.take()) throw new ServiceError('rate_limited');
      if (jwt && (await issuers?.check(jwt))) rate.give();
    },
    identify,
    allows: credential => {
      if (standing.open) return true;
      const found = reader(credential);
      return found !== undefined && mayReadSomething(found);
    },
    require: (credential, resource = SOMETHING, action = 'read') => {
      const found = identify(credential);
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
    takeTokenUses: () =>
      [...readers.values()].flatMap(({ tokenHash, takeUse }) =>
        tokenHash !== undefined && takeUse() ? [tokenId(tokenHash)] : [],
      ),
    listen: listener => void listeners.push(listener),
  };
}
