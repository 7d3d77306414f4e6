/**
 * The instances that a region's report names, apart from the rest of it. They are most of the report, and
 * may be a little old where the rest may not: so each has a key of its own in etcd.
 */
import type { Audience, ClientWord, RegionReport } from './region-report.ts';

/** By its name, and with what it said where it said anything. */
export type NamedInstance = string | readonly [id: string, word: ClientWord];

/** node → topic → instances. */
export type RegionInstances = Record<string, Record<string, NamedInstance[]>>;

type Names = Pick<Audience, 'instance_ids' | 'words'>;

const fromNames = ({ instance_ids, words }: Names): NamedInstance[] =>
  instance_ids.map((id, index) => {
    const word = words?.[index];
    return word ? [id, word] : id;
  });

function toNames(named: readonly NamedInstance[]): Names {
  const instance_ids = named.map(each => (typeof each === 'string' ? each : each[0]));
  const words = named.map(each => (typeof each === 'string' ? null : each[1]));
  return { instance_ids, ...(words.some(word => word !== null) && { words }) };
}

/** A report in its two parts: `head` is the report with empty lists of instances. */
export function splitInstances(report: RegionReport): { head: RegionReport; instances: RegionInstances } {
  const instances: RegionInstances = {};
  const nodes = report.nodes.map(node => {
    const audiences: RegionReport['nodes'][number]['audiences'] = {};
    for (const [topic, { words, ...audience }] of Object.entries(node.audiences)) {
      audiences[topic] = { ...audience, instance_ids: [] };
      if (audience.instance_ids.length === 0) continue;
      instances[node.node_id] ??= {};
      instances[node.node_id]![topic] = fromNames({ ...audience, words });
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
      { ...audience, ...toNames(instances[node.node_id]?.[topic] ?? []) },
    ]);
    return { ...node, audiences: Object.fromEntries(audiences) };
  });
  return { ...head, nodes };
}
