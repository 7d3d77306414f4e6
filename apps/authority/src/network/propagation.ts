/** How far a revision has come, by what the regions report. Pure. */
import type {
  Bookmark,
  clientsPage,
  NodePropagation,
  NodeReport,
  Propagation,
  Receipt,
  RegionProgress,
  RegionPropagation,
  RegionReport,
} from '@quantivista/contracts';

/** Whether a state includes the revision: only within its generation. */
export const includes = (
  state: Pick<RegionReport | NodeReport, 'generation' | 'revision'>,
  { generation, revision }: Bookmark,
): boolean => state.generation === generation && (state.revision ?? -1) >= revision;

/** Regions that serve anybody: one without nodes has nobody to wait for. */
const serving = (reports: readonly RegionReport[]) => reports.filter(({ nodes }) => nodes.length > 0);

/** Whether a region that serves anybody has yet to apply the revision. */
export const isPending = (reports: readonly RegionReport[], of: Bookmark): boolean =>
  reports.some(report => report.nodes.length > 0 && !includes(report, of));

const receiptOf = (node: NodeReport, revision: number): Receipt | undefined =>
  node.receipts.find(receipt => receipt.revision === revision);

/** The slowest of those known; null where none is. */
function slowest(times: readonly (number | null)[]): number | null {
  const known = times.filter(ms => ms !== null);
  return known.length > 0 ? Math.max(...known) : null;
}

/** By region, whether it has applied a revision, and when the last of its nodes had. */
export const progressOf = (reports: readonly RegionReport[], of: Bookmark): RegionProgress[] =>
  serving(reports).map(report => {
    const { region, nodes } = report;
    if (!includes(report, of)) return { region, pending: true };
    const ms = slowest(nodes.map(node => receiptOf(node, of.revision)?.applied_after_ms ?? null));
    return { region, pending: false, ms: ms ?? undefined };
  });

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const clients = (of: readonly { acked: number; refused: number }[]) => ({
  acked: sum(of.map(each => each.acked)),
  refused: sum(of.map(each => each.refused)),
});

function nodePropagation(node: NodeReport, of: Bookmark): NodePropagation {
  const applied = includes(node, of);
  const receipt = applied ? receiptOf(node, of.revision) : undefined;
  return {
    node_id: node.node_id,
    applied,
    applied_after_ms: receipt?.applied_after_ms ?? null,
    acked: receipt?.acked ?? 0,
    refused: receipt?.refused ?? 0,
    ...(receipt?.reasons && { reasons: receipt.reasons }),
  };
}

function regionPropagation(report: RegionReport, of: Bookmark): RegionPropagation {
  const nodes = report.nodes.map(node => nodePropagation(node, of));
  const applied = includes(report, of);
  return {
    region: report.region,
    applied,
    applied_after_ms: applied ? slowest(nodes.map(node => node.applied_after_ms)) : null,
    ...clients(nodes),
    nodes,
    instances_as_of: new Date(report.instances_at ?? report.at).toISOString(),
  };
}

/** All that is known by node; who its clients are is added to it. */
export function propagationOf(
  reports: readonly RegionReport[],
  of: Bookmark,
): Omit<Propagation, keyof typeof clientsPage> {
  const regions = serving(reports).map(report => regionPropagation(report, of));
  const nodes = regions.flatMap(region => region.nodes);
  const behind = regions.filter(({ applied }) => !applied).map(({ region }) => region);
  return {
    ...of,
    applied: behind.length === 0,
    behind,
    totals: {
      regions: regions.length,
      regions_applied: regions.length - behind.length,
      nodes: nodes.length,
      nodes_applied: nodes.filter(({ applied }) => applied).length,
      ...clients(regions),
    },
    regions,
  };
}
