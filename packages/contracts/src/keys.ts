/** Where things stand in etcd. The only place that joins or splits a key. */
import type { Environment } from './names.ts';

/** Distributed: everything below is fed to the regions. */
export const DISTRIBUTED_PREFIX = '/quantivista/';
/** The authority's own: never leaves the centre. */
export const AUTHORITY_PREFIX = '/quantivista-authority/';
/** All of the project's: one watch sees both. */
export const EVERYTHING_PREFIX = '/quantivista';

/** `{sequence, at}`, put every second: what follows it is complete as of `at`. */
export const HEARTBEAT_KEY = `${DISTRIBUTED_PREFIX}_heartbeat`;
/** UUID of this store's life. */
export const GENERATION_KEY = `${DISTRIBUTED_PREFIX}_generation`;
/**
 * Who changed what and why ({@link CommitNote}), put in every transaction of the authority: it carries the
 * transaction's author to the watchers, with the same revision as the changes themselves.
 */
export const COMMIT_KEY = `${DISTRIBUTED_PREFIX}_commit`;
/** All that says who may do what: every node decides by it. */
export const ACCESS_PREFIX = `${DISTRIBUTED_PREFIX}_access/`;
/** Hashes of access tokens: `_access/tokens/{sha256 hex}`. */
export const TOKENS_PREFIX = `${ACCESS_PREFIX}tokens/`;
export const ROLES_PREFIX = `${ACCESS_PREFIX}roles/`;
export const BINDINGS_PREFIX = `${ACCESS_PREFIX}bindings/`;

/** Marker of one operation: `committed` or `aborted`, whichever was put first. */
export const operationKey = (id: string): string => `${AUTHORITY_PREFIX}op/${id}`;

/** Reports of regions ({@link RegionReport}), each under a lease of its region's. */
export const REGIONS_PREFIX = `${AUTHORITY_PREFIX}regions/`;
export const regionKey = (region: string): string => REGIONS_PREFIX + region;
/** The instances named in the region's report ({@link RegionInstances}). */
export const regionInstancesKey = (region: string): string => `${regionKey(region)}/instances`;

/** What regions have counted ({@link ImpressionBundle}): of each one at a time, until the authority has taken it. */
export const IMPRESSIONS_PREFIX = `${AUTHORITY_PREFIX}impressions/`;
export const impressionsKey = (region: string): string => IMPRESSIONS_PREFIX + region;
/** The same of what they denied, and which tokens were used there ({@link AccessLogBundle}). */
export const ACCESS_LOG_PREFIX = `${AUTHORITY_PREFIX}access-log/`;
export const accessLogKey = (region: string): string => ACCESS_LOG_PREFIX + region;

export interface ConfigurationPath {
  readonly environment: Environment;
  readonly service: string;
  readonly key: string;
}

export const environmentPrefix = (environment: Environment): string =>
  `${DISTRIBUTED_PREFIX}${environment.toLowerCase()}/`;
export const servicePrefix = (environment: Environment, service: string): string =>
  `${environmentPrefix(environment)}${service}/`;

export const configurationKey = (path: ConfigurationPath): string =>
  servicePrefix(path.environment, path.service) + path.key;

/**
 * The environment that a distributed key stands under, in upper case; `undefined` for those that belong to
 * none (`_heartbeat`, `_access/…`). Whatever else is put under an environment is of that environment too.
 */
export function environmentOf(etcdKey: string): string | undefined {
  if (etcdKey.charCodeAt(DISTRIBUTED_PREFIX.length) === 95) return undefined;
  const end = etcdKey.indexOf('/', DISTRIBUTED_PREFIX.length);
  return etcdKey.slice(DISTRIBUTED_PREFIX.length, end < 0 ? undefined : end).toUpperCase();
}

/** The path of a configuration's etcd key; `undefined` for every other key (`_heartbeat`, `_access/…`). */
export function parseConfigurationKey(etcdKey: string): ConfigurationPath | undefined {
  if (!etcdKey.startsWith(DISTRIBUTED_PREFIX) || etcdKey.charCodeAt(DISTRIBUTED_PREFIX.length) === 95) {
    return undefined;
  }
  const parts = etcdKey.slice(DISTRIBUTED_PREFIX.length).split('/');
  // An environment in capitals was put by hand: it must not be taken for the one in small letters.
  if (parts.length !== 3 || parts[0] !== parts[0]!.toLowerCase()) return undefined;
  return { environment: parts[0]!.toUpperCase() as Environment, service: parts[1]!, key: parts[2]! };
}

/** Value of {@link COMMIT_KEY}. */
export interface CommitNote {
  readonly id: string;
  readonly updated_by: string;
  readonly reason: string;
  readonly rollback_available: boolean;
  /** Milliseconds since the epoch, by the authority's clock. */
  readonly at: number;
  /** Present where the writer waits for the regions: they report as soon as it is applied. */
  readonly awaited?: true;
  /** The proposal that the changes come from, or that records how the glass was broken for them. */
  readonly proposal?: string;
  /** Present where a protected environment was changed without the approvals that it asks for. */
  readonly break_glass?: true;
}

/** Value of {@link HEARTBEAT_KEY}. */
export interface Heartbeat {
  readonly sequence: number;
  /** Milliseconds since the epoch, by the authority's clock. */
  readonly at: number;
  /** What the authority, following etcd by itself, knows the state to be: every node compares. */
  readonly checked?: CheckedState;
}

/** When the state was complete, by a heartbeat's value; `undefined` where it is none. */
export function heartbeatAt(value: string | undefined): number | undefined {
  try {
    const { at } = JSON.parse(value ?? '{}') as Partial<Heartbeat>;
    return typeof at === 'number' ? at : undefined;
  } catch {
    return undefined;
  }
}

/** Digests of a state at a revision, by part: each environment (in upper case), and `_` for all other keys. */
export interface CheckedState {
  readonly revision: number;
  readonly digests: Readonly<Record<string, string>>;
}
