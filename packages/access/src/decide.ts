/** What may be done with a resource: decided from the grants of one caller, compiled. Denied by default. */
import {
  CONFIG_TYPES,
  type ConfigType,
  ENVIRONMENTS,
  type Environment,
  type Grant,
  type Permission,
} from '@quantivista/contracts';
import { compileGlobs, type Globs } from './glob.ts';

export type Action = Permission;

/** In the place of a name: it is enough that there is one with which it is allowed. No name is written so. */
export const SOME = '?';
type Some = typeof SOME;

/**
 * What is to be acted on. What is absent is meant whole: only a grant that is not narrowed there covers it. So a
 * thing that belongs to no environment, or a list of everything, takes a grant over everything.
 */
export interface Resource {
  readonly environment?: Environment | Some | undefined;
  readonly service?: string | undefined;
  /** One key or flag. */
  readonly key?: string | undefined;
  /** All keys that begin so. */
  readonly keyPrefix?: string | undefined;
  readonly type?: ConfigType | Some | undefined;
}

export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly why: string };

/** A key, or (without `type`) a thing that has none. */
export interface Item {
  readonly service: string;
  readonly key: string;
  readonly type: ConfigType | undefined;
}
/** How much of a service or an environment is granted. */
export type Extent = 'all' | 'none' | KeyFilter;
export interface KeyFilter {
  /** Whether it asks for the types of keys: where it does not, they need not be known. */
  readonly byType: boolean;
  admits(item: Item): boolean;
}

/** Whether a key with this stored Configuration is within; `undefined` where everything is. */
export function withinExtent(
  extent: Extent,
  service: string,
): ((key: string, body: string) => boolean) | undefined {
  if (extent === 'all') return undefined;
  if (extent === 'none') return () => false;
  return (key, body) => extent.admits({ service, key, type: extent.byType ? typeOf(body) : undefined });
}

/** `undefined` for what was put behind the authority's back and is no Configuration. */
export function typeOf(body: string): ConfigType | undefined {
  try {
    return (JSON.parse(body) as { config_type?: ConfigType } | null)?.config_type;
  } catch {
    return undefined;
  }
}

/** What one caller may do. */
export interface Rights {
  decide(action: Action, resource: Resource): Decision;
  /** Of one service, or (without `service`) of the whole environment. */
  extent(action: Action, of: { environment: Environment | Some; service?: string | undefined }): Extent;
  /** Whether the action is granted anywhere at all. */
  hasSome(action: Action): boolean;
}

interface CompiledGrant {
  readonly actions: ReadonlySet<Action>;
  /** `undefined`: all; as of the lists that follow. */
  readonly environments: ReadonlySet<string> | undefined;
  /** A name must be admitted by each of the lists: of the grant, and of what it is narrowed to. */
  readonly services: readonly (readonly GlobOf[])[];
  readonly keys: Globs;
  readonly types: ReadonlySet<ConfigType> | undefined;
}
type GlobOf = NonNullable<Globs>[number];

/** A grant, held within environments and services. */
export interface NarrowedGrant {
  readonly grant: Grant;
  readonly environments?: readonly Environment[] | undefined;
  readonly services?: readonly string[] | undefined;
}

const ALLOWED: Decision = { allowed: true };

/** A list that holds all there is narrows nothing. */
const setOf = <T>(list: readonly T[] | undefined, all: readonly T[]): ReadonlySet<T> | undefined =>
  list === undefined || all.every(each => list.includes(each)) ? undefined : new Set(list);

function compileGrant({ grant, environments, services }: NarrowedGrant): CompiledGrant | undefined {
  const own = grant.environments as readonly Environment[] | undefined;
  const both = own && environments ? own.filter(each => environments.includes(each)) : (own ?? environments);
  if (both?.length === 0) return undefined;
  const lists = [compileGlobs(grant.services), compileGlobs(services)];
  return {
    actions: new Set(grant.actions),
    environments: setOf(both, ENVIRONMENTS),
    services: lists.filter(list => list !== undefined),
    keys: compileGlobs(grant.keys),
    types: setOf(grant.types, CONFIG_TYPES),
  };
}

const admitsName = (globs: Globs, name: string): boolean =>
  globs === undefined || globs.some(glob => glob.matches(name));

const admitsEnvironment = ({ environments }: CompiledGrant, environment: Resource['environment']): boolean =>
  environments === undefined ||
  environment === SOME ||
  (environment !== undefined && environments.has(environment));

const admitsService = ({ services }: CompiledGrant, service: string | undefined): boolean =>
  services.length === 0 ||
  service === SOME ||
  (service !== undefined && services.every(globs => admitsName(globs, service)));

function admitsKeys({ keys }: CompiledGrant, { key, keyPrefix = '' }: Resource): boolean {
  if (keys === undefined || key === SOME) return true;
  if (key !== undefined) return admitsName(keys, key);
  return keys.some(glob => glob.matchesAllFrom(keyPrefix));
}

const admitsType = ({ types }: CompiledGrant, type: Resource['type']): boolean =>
  types === undefined || type === SOME || (type !== undefined && types.has(type));

/** For people: `PRODUCTION/risk/limit`. */
export function nameOf({ environment, service, key, keyPrefix, type }: Resource): string {
  const where = environment === SOME ? 'any environment' : (environment ?? 'all environments');
  const what = key ?? (keyPrefix ? `${keyPrefix}*` : '*');
  const name = service === undefined && what === '*' ? where : `${where}/${service ?? '*'}/${what}`;
  return type === undefined || type === SOME ? name : `${name} (${type})`;
}

export function compileRights(granted: readonly NarrowedGrant[]): Rights {
  const byAction = new Map<Action, CompiledGrant[]>();
  for (const each of granted) {
    const compiled = compileGrant(each);
    if (!compiled) continue;
    for (const action of compiled.actions) byAction.set(action, [...(byAction.get(action) ?? []), compiled]);
  }
  const NOTHING: readonly CompiledGrant[] = [];
  const grantsOf = (action: Action) => byAction.get(action) ?? NOTHING;

  return {
    hasSome: action => byAction.has(action),
    decide: (action, resource) => {
      const grants = grantsOf(action);
      for (const grant of grants) {
        if (
          admitsEnvironment(grant, resource.environment) &&
          admitsService(grant, resource.service) &&
          admitsKeys(grant, resource) &&
          admitsType(grant, resource.type)
        )
          return ALLOWED;
      }
      const why = grants.length === 0 ? `nothing grants ${action}` : `no grant of ${action} covers it`;
      return { allowed: false, why };
    },
    extent: (action, { environment, service }) => {
      const concerned = grantsOf(action).filter(
        grant =>
          admitsEnvironment(grant, environment) && (service === undefined || admitsService(grant, service)),
      );
      if (concerned.length === 0) return 'none';
      const isWhole = (grant: CompiledGrant) =>
        grant.keys === undefined &&
        grant.types === undefined &&
        (service !== undefined || grant.services.length === 0);
      if (concerned.some(isWhole)) return 'all';
      return {
        byType: concerned.some(({ types }) => types !== undefined),
        admits: item =>
          concerned.some(
            grant =>
              admitsService(grant, item.service) && admitsKeys(grant, item) && admitsType(grant, item.type),
          ),
      };
    },
  };
}

/** Of a caller that nobody knows any more. */
export const NO_RIGHTS: Rights = compileRights([]);
