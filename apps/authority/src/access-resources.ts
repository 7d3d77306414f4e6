/** What a record is as a resource: where a right must hold for it to be read or changed. */
import { type Action, type Resource, SOME } from '@quantivista/access';
import type { ConfigType, Denial, Environment, RecordPath } from '@quantivista/contracts';
import { type Caller, requireRight } from './callers.ts';
import type { Denials } from './denials.ts';
import type { Authorize } from './write/request.ts';

/**
 * Of flags by their name and service: of every environment, since they belong to none. One for all services takes a
 * right over all of them.
 */
export const flagResource = (name: string, service: string | undefined): Resource => ({
  service,
  key: name,
  type: 'FEATURE_FLAG',
});
/** They are read where the service is, in whichever environment. */
export const flagReadResource = (name: string | undefined, service: string | undefined): Resource => ({
  environment: SOME,
  service,
  key: name,
  type: 'FEATURE_FLAG',
});
/** `pattern`: a key, or the beginning of keys and `*`. */
export const schemaResource = (service: string, pattern: string): Resource =>
  pattern.endsWith('*') ? { service, keyPrefix: pattern.slice(0, -1) } : { service, key: pattern };

/** `record`: as it is stored; without it the type of a configuration and the services of a flag are not known. */
export function resourcesOf(
  { kind, environment, service, key }: RecordPath,
  record: Readonly<Record<string, unknown>> | undefined,
): readonly Resource[] {
  switch (kind) {
    case 'secret':
    case 'configuration': {
      const type = (record?.config_type as ConfigType | undefined) ?? SOME;
      return [{ environment: environment as Environment, service, key, type }];
    }
    case 'flag': {
      if (record === undefined) return [flagResource(key, SOME)];
      const targets = (record.target_services ?? []) as readonly string[];
      return targets.length === 0
        ? [flagResource(key, undefined)]
        : targets.map(each => flagResource(key, each));
    }
    case 'segment':
      return [flagResource(key, undefined)];
    case 'schema':
      return [schemaResource(service, key)];
    case 'protection':
      return [{ environment: environment as Environment }];
    default:
      return [{}];
  }
}

/** A caller's right to do any one of these, asked of each record that one request of it changes. */
export function authorizeBy(caller: Caller, anyOf: readonly Action[], denials: Denials): Authorize {
  let isRecorded = false;
  // A change is planned anew where what it was planned by was not the newest: denied again, it is the same request.
  const record = (denial: Denial) => {
    if (!isRecorded) denials.record(denial);
    isRecorded = true;
  };
  return (path, stored) => {
    // What is proposed with a write is recorded besides it: the right to the change is the right to propose it.
    if (path.kind === 'proposal') return;
    for (const resource of resourcesOf(path, stored)) requireRight(caller, anyOf, resource, { record });
  };
}

/** What it takes to read of a record: of what belongs to no environment, to read in one. */
export function readResourcesOf(
  path: RecordPath,
  record: Readonly<Record<string, unknown>> | undefined,
): readonly Resource[] {
  const resources = resourcesOf(path, record);
  return path.environment === '*'
    ? resources.map(resource => ({ environment: SOME, ...resource }))
    : resources;
}
