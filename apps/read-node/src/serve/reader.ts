/**
 * A caller as this node knows it, and what it may do as things stand. Streams hold on to theirs: what is asked later
 * is answered by the rights of then.
 */
import {
  type AccessModel,
  type Action,
  type Decision,
  type Extent,
  NO_RIGHTS,
  type Principal,
  type Resource,
  type Rights,
} from '@quantivista/access';
import type { Environment } from '@quantivista/contracts';
import type { RateLimit } from '@quantivista/runtime';

export interface Reader {
  /** Empty where nobody is known. */
  readonly name: string;
  /** The service that its token names. */
  readonly service: string | undefined;
  /** Absent of one who came with another proof than a token of ours, or with none. */
  readonly tokenHash: string | undefined;
  /** Milliseconds since the epoch; Infinity where it does not end. */
  readonly expiresAtMs: number;
  /** Whether it is known, not expired and not revoked. */
  isKnown(): boolean;
  /** Count a request of it; false where it has come too often. */
  take(): boolean;
  /** Whether it has come since this was true last, which is once an hour at the most. */
  takeUse(): boolean;
  /** @param action @default read */
  decide(resource: Resource, action?: Action): Decision;
  /**
   * Of how much of a service it may do this. The same object while the rights are the same.
   * @param action @default read
   */
  extent(environment: string, service: string, action?: Action): Extent;
}

/** Where readers learn what has become of them. */
export interface Standing {
  /** Another number after each change of rights. */
  readonly epoch: number;
  /** Everyone may read. */
  readonly open: boolean;
  model(): AccessModel;
  /** How often it may come: all that a caller shows count together. */
  rateOf(principal: Principal): RateLimit;
}

const UNKNOWN: Decision = { allowed: false, why: 'its token or certificate is not known, or not any more' };
const OPEN: Decision = { allowed: true };
const EVERYTHING: Resource = {};
const USE_MS = 3_600_000;

/** @param current who it is now: the same object while that is unchanged; `undefined` once nobody is */
export function createReader(
  standing: Standing,
  current: () => Principal | undefined,
  tokenHash?: string,
): Reader {
  let epoch = -1;
  let principal: Principal | undefined;
  let rate: RateLimit | undefined;
  let rights: Rights = NO_RIGHTS;
  let all = false;
  let used = false;
  let usedAt = Number.NEGATIVE_INFINITY;
  const extents = new Map<string, Extent>();

  const refresh = () => {
    if (epoch === standing.epoch) return;
    epoch = standing.epoch;
    principal = current();
    rate = principal && standing.rateOf(principal);
    rights = principal ? standing.model().rightsOf(principal) : NO_RIGHTS;
    all = standing.open || rights.decide('read', EVERYTHING).allowed;
    extents.clear();
  };
  const isKnown = () => {
    refresh();
    return principal !== undefined && Date.now() < principal.expiresAtMs;
  };

  return {
    tokenHash,
    get service() {
      refresh();
      return principal?.service;
    },
    get name() {
      refresh();
      return principal?.name ?? '';
    },
    get expiresAtMs() {
      refresh();
      return principal?.expiresAtMs ?? Number.POSITIVE_INFINITY;
    },
    isKnown,
    take: () => {
      refresh();
      used = true;
      return rate?.take() ?? true;
    },
    takeUse: () => {
      if (!used || performance.now() - usedAt < USE_MS) return false;
      used = false;
      usedAt = performance.now();
      return true;
    },
    decide: (resource, action = 'read') => {
      if (standing.open && action === 'read') return OPEN;
      return isKnown() ? rights.decide(action, resource) : UNKNOWN;
    },
    extent: (environment, service, action = 'read') => {
      const isOpen = standing.open && action === 'read';
      if (!isOpen && !isKnown()) return 'none';
      refresh();
      if (all && action === 'read') return 'all';
      const name = `${action} ${environment}/${service}`;
      const known = extents.get(name);
      if (known !== undefined) return known;
      const extent = rights.extent(action, { environment: environment as Environment, service });
      extents.set(name, extent);
      return extent;
    },
  };
}
