/** Whom a change of a service would reach: those who watch it, or its whole environment. Pure. */
import type { Environment, Instance, InstanceList, RegionReport } from '@quantivista/contracts';
import { told } from './propagation-clients.ts';

export function instancesOf(
  reports: readonly RegionReport[],
  environment: Environment,
  service: string,
): InstanceList {
  const instances: Instance[] = [];
  let watchers = 0;
  let unnamed = 0;
  let truncated = false;
  for (const { region, nodes, ...report } of reports) {
    truncated ||= report.truncated;
    for (const { node_id, audiences } of nodes) {
      for (const service_name of [service, '*']) {
        const audience = audiences[`${environment}/${service_name}`];
        if (!audience) continue;
        watchers += audience.watchers;
        unnamed += audience.unnamed;
        for (const [index, instance_id] of audience.instance_ids.entries())
          instances.push({ instance_id, region, node_id, service_name, ...told(audience.words?.[index]) });
      }
    }
  }
  instances.sort((a, b) => (a.instance_id < b.instance_id ? -1 : Number(a.instance_id > b.instance_id)));
  return { environment, service_name: service, watchers, unnamed, instances, truncated };
}
