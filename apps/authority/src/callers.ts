/**
 * Who calls, and whether it may: tokens looked up in etcd by their hash, JWTs checked with their issuers' keys. What
 * was looked up is remembered for a moment, also what is not known.
 */
import {
  type AccessModel,
  type Action,
  bearerOf,
  type ClientCertificate,
  type Credential,
  hashToken,
  isOver,
  isToken,
  nameOf,
  type Principal,
  principalOf,
  type Resource,
  type Rights,
  readAccessModel,
  type TokenRecord,
  unauthenticated,
} from '@quantivista/access';
import { BINDINGS_PREFIX, ROLES_PREFIX, ServiceError, TOKENS_PREFIX } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { Issuers } from '@quantivista/issuers';
import { networkOf, type RequestRates } from '@quantivista/runtime';
import type { Denials } from './denials.ts';
import type { TokenUse } from './token-use.ts';

/** What another authority changed holds here after so long at the most; a bad token asks etcd no more often. */
const REMEMBER_MS = 500;
const CAPACITY = 10_000;

export interface Caller {
  /** Shown in the audit trail as `updated_by`. */
  readonly name: string;
  readonly principal: Principal;
  readonly rights: Rights;
}

export interface Callers {
  /**
   * The caller of a request that begins, which counts as one of its own or, where nobody is known by what it shows, of
   * the address.
   * @throws ServiceError `unauthenticated`, `rate_limited`, `store_unavailable`, `not_ready`
   */
  admit(credential: Credential | undefined, address: string | undefined): Promise<Caller>;
  /**
   * The caller, who may do any one of these somewhere. @param asked the path of the request, for the record of a denial
   * @throws ServiceError as {@link require}
   */
  requireSome(credential: Credential | undefined, anyOf: readonly Action[], asked: string): Promise<Caller>;
  /**
   * The caller, who may do any one of these on all of the resources. Without resources it is enough that it may do so
   * anywhere; without `anyOf` that it is known.
   * @throws ServiceError `unauthenticated`, `forbidden`, `store_unavailable`, `not_ready`
   */
  require(
    credential: Credential | undefined,
    anyOf?: readonly Action[],
    ...resources: readonly Resource[]
  ): Promise<Caller>;
  /** Roles and bindings as they stand. */
  model(): Promise<AccessModel>;
  /** Forget what was looked up: this process has changed it. */
  forget(): void;
}

/** @throws ServiceError `forbidden`, put on record, that names what it takes */
export function requireRight(
  { name, rights }: Pick<Caller, 'name' | 'rights'>,
  anyOf: readonly Action[],
  resource: Resource,
  denials: Pick<Denials, 'record'>,
): void {
  const decisions = anyOf.map(action => rights.decide(action, resource));
  if (decisions.some(({ allowed }) => allowed)) return;
  const on = nameOf(resource);
  const action = anyOf.join(' or ');
  const why = decisions.flatMap(each => (each.allowed ? [] : each.why))[0] ?? 'nothing grants it';
  denials.record({ caller: name, action, resource: on, why });
  throw forbidden(`it takes the permission ${action} on ${on}`, anyOf);
}

const forbidden = (message: string, anyOf: readonly Action[]) =>
  new ServiceError('forbidden', { message, details: { permissions: anyOf } });

interface CallersOptions {
  readonly etcd: Pick<Etcd, 'read' | 'list'>;
  readonly issuers: Issuers;
  readonly denials: Denials;
  readonly tokenUse: Pick<TokenUse, 'used'>;
  /** Of each caller, and of each address where nobody is known. */
  readonly rates: RequestRates;
}

export function createCallers({ etcd, issuers, denials, tokenUse, rates }: CallersOptions): Callers {
  const remembered = new Map<string, { principal: Principal | undefined; untilMs: number }>();
  let known: { model: AccessModel; untilMs: number } | undefined;
  let asked: Promise<AccessModel> | undefined;
  /** Look-ups under way: requests that come together with one token ask once. */
  const lookingUp = new Map<string, Promise<Principal | undefined>>();
  /** What was asked for before something was forgotten must not be remembered after it. */
  let epoch = 0;

  function lookUp(token: string): Principal | undefined | Promise<Principal | undefined> {
    const hash = hashToken(token);
    const held = remembered.get(hash);
    if (held && held.untilMs > Date.now()) return held.principal;
    const underWay = lookingUp.get(hash);
    if (underWay) return underWay;
    const begun = readToken(hash).finally(() => {
      // After something was forgotten another may have begun.
      if (lookingUp.get(hash) === begun) lookingUp.delete(hash);
    });
    lookingUp.set(hash, begun);
    return begun;
  }

  async function readToken(hash: string): Promise<Principal | undefined> {
    const at = epoch;
    const { entries } = await etcd.read([TOKENS_PREFIX + hash]);
    const principal = entries[0] && principalOf(JSON.parse(entries[0].value) as TokenRecord);
    if (principal) tokenUse.used(hash);
    // Who comes all the time stays, however many make tokens up.
    remembered.delete(hash);
    if (remembered.size >= CAPACITY) remembered.delete(remembered.keys().next().value!);
    if (at === epoch) remembered.set(hash, { principal, untilMs: Date.now() + REMEMBER_MS });
    return principal;
  }

  async function readModel(): Promise<AccessModel> {
    const at = epoch;
    const lists = await Promise.all([ROLES_PREFIX, BINDINGS_PREFIX].map(prefix => etcd.list({ prefix })));
    const [roles, bindings] = lists.map(list => {
      if (list.kind !== 'listed') throw new ServiceError('not_ready');
      return list.entries.map(({ value }) => value);
    });
    const model = readAccessModel(roles!, bindings!);
    if (at === epoch) known = { model, untilMs: Date.now() + REMEMBER_MS };
    return model;
  }
  function model(): Promise<AccessModel> {
    if (known && known.untilMs > Date.now()) return Promise.resolve(known.model);
    asked ??= readModel().finally(() => {
      asked = undefined;
    });
    return asked;
  }

  /** Who it is, or why nobody. */
  async function bearerIn(authorization: string | undefined): Promise<Principal | string> {
    const bearer = bearerOf(authorization);
    if (bearer === undefined) return 'no token';
    const principal = await (isToken(bearer) ? lookUp(bearer) : issuers.check(bearer));
    if (!principal) return 'an unknown token';
    return Date.now() >= principal.expiresAtMs ? 'an expired token' : principal;
  }
  const certifiedBy = (certificate: ClientCertificate): Principal | string =>
    certificate.principal && !isOver(certificate) ? certificate.principal : certificate.why;

  async function identify(credential: Credential | undefined): Promise<Caller> {
    const principal = typeof credential === 'object' ? certifiedBy(credential) : await bearerIn(credential);
    if (typeof principal === 'string') {
      const why = principal;
      denials.record({ caller: '', action: '', resource: '', why });
      throw unauthenticated(credential);
    }
    return { name: principal.name, principal, rights: (await model()).rightsOf(principal) };
  }

  /** @param asked what the denial is of, for the record */
  function requireSome({ name, rights }: Caller, anyOf: readonly Action[], asked: string): void {
    if (anyOf.some(action => rights.hasSome(action))) return;
    const action = anyOf.join(' or ');
    denials.record({ caller: name, action, resource: asked, why: `nothing grants ${action}` });
    throw forbidden(`it takes the permission ${action}`, anyOf);
  }

  /** Whether somebody was known by it before, who may be so no more. */
  function isFamiliar(credential: Credential | undefined): boolean {
    // Who shows one that names nobody is a stranger like any other.
    if (typeof credential === 'object') return credential.principal !== undefined;
    const bearer = bearerOf(credential);
    if (bearer === undefined) return false;
    return isToken(bearer)
      ? remembered.get(hashToken(bearer))?.principal !== undefined
      : issuers.known(bearer) !== undefined;
  }

  return {
    admit: async (credential, address) => {
      // A look-up, or the checking of a signature, is not done for strangers as often as they like.
      const stranger = isFamiliar(credential) ? undefined : rates.strangers.of(networkOf(address));
      if (stranger?.take() === false) throw new ServiceError('rate_limited');
      const caller = await identify(credential);
      stranger?.give();
      const { kind, name } = caller.principal;
      if (!rates.callers.of(`${kind} ${name}`).take()) throw new ServiceError('rate_limited');
      return caller;
    },
    model,
    forget: () => {
      epoch++;
      // Not who it was: else all of them would be strangers again at each change.
      for (const each of remembered.values()) each.untilMs = 0;
      known = undefined;
      asked = undefined;
      lookingUp.clear();
    },
    requireSome: async (credential, anyOf, asked) => {
      const caller = await identify(credential);
      requireSome(caller, anyOf, asked);
      return caller;
    },
    require: async (credential, anyOf, ...resources) => {
      const caller = await identify(credential);
      if (anyOf) requireSome(caller, anyOf, resources[0] ? nameOf(resources[0]) : '');
      for (const resource of resources) requireRight(caller, anyOf ?? [], resource, denials);
      return caller;
    },
  };
}
