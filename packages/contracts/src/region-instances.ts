/**
 * The instances that a region's report names, apart from the rest of it. They are most of the report and
 * change with the clients alone, the rest with every revision: so each has a key of its own in etcd.
 */
import type { RegionReport } from './region-report.ts';

/** node → topic → instances. */
export type RegionInstances = Record<string, Record<string, string[]>>;

/** A report in its two parts: `head` is the report with empty lists of instances. */
export function splitInstances(report: RegionReport): { head: RegionReport; instances: RegionInstances } {
  const instances: RegionInstances = {};
  const nodes = report.nodes.map(node => {
    const audiences: RegionReport['nodes'][number]['audiences'] = {};
    for (const [topic, audience] of Object.entries(node.audiences)) {
      audiences[topic] = { ...audience, instance_ids: [] };
      if (audience.instance_ids.length === 0) continue;
      instances[node.node_id] ??= {};
      instances[node.node_id]![topic] = audience.instance_ids;
    }
    return { ...node, audiences };
  });
  return { head: { ...report, nodes }, instances };
}

/** The whole report again. What has no place in `head` is left out: a node or topic that is gone. */
export function joinInstances(head: RegionReport, instances: RegionInstances): RegionReport {
  const nodes = head.nodes.map(node => {
    const audiences = Object.entries(node.audiences).map(([topic, audience]) => [
      topic,
      { ...audience, instance_ids: instances[node.node_id]?.[topic] ?? [] },
    ]);
    return { ...node, audiences: Object.fromEntries(audiences) };
  });
  return { ...head, nodes };
}
