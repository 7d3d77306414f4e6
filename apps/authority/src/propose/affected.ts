/** Whom a change would reach, as far as the regions have told. Pure. */
import {
  type Affected,
  ENVIRONMENTS,
  type Environment,
  type Instance,
  MAX_AFFECTED,
  type ProposedChange,
  type RegionReport,
} from '@quantivista/contracts';
import { instancesOf } from '../network/instances.ts';

/** The services that a change is of: of a flag, those it is for. Of one for all services nobody can be named. */
function services({ kind, environment, service_name, after }: ProposedChange): [Environment, string][] {
  if (kind === 'configuration') return [[environment as Environment, service_name]];
  if (kind !== 'flag') return [];
  const { target_services: targets = [] } = (after ?? {}) as { target_services?: string[] };
  return ENVIRONMENTS.flatMap(each => targets.map((service): [Environment, string] => [each, service]));
}

export function affectedBy(changes: readonly ProposedChange[], reports: readonly RegionReport[]): Affected {
  const places = new Map(changes.flatMap(services).map(place => [place.join('/'), place]));
  const instances = new Map<string, Instance>();
  let watchers = 0;
  let truncated = false;
  for (const [environment, service] of places.values()) {
    const found = instancesOf(reports, environment, service);
    truncated ||= found.truncated;
    watchers += found.watchers;
    for (const each of found.instances) {
      instances.set(`${each.region}/${each.node_id}/${each.service_name}/${each.instance_id}`, each);
    }
  }
  const named = [...instances.values()];
  return {
    watchers,
    instances: named.slice(0, MAX_AFFECTED),
    truncated: truncated || named.length > MAX_AFFECTED,
  };
}
