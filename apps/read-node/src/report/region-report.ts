/** From the reports of a region's nodes to the one of the region. Pure. */
import type { Audience, NodeReport, RegionReport } from '@quantivista/contracts';

/** What every node has: of one generation, and as far as the one that is furthest behind. */
function common(nodes: readonly NodeReport[]): Pick<RegionReport, 'generation' | 'revision'> {
  const generation = nodes[0]?.generation ?? null;
  const known = nodes.every(node => node.generation === generation && node.revision !== null);
  if (generation === null || !known) return { generation: null, revision: null };
  return { generation, revision: Math.min(...nodes.map(node => node.revision!)) };
}

/** The topics of receipts, once for all nodes. */
function hoistTopics(nodes: readonly NodeReport[]): Pick<RegionReport, 'nodes' | 'topics'> {
  const byRevision: Record<string, string[]> = {};
  const bare = nodes.map(node => ({
    ...node,
    receipts: node.receipts.map(({ topics, ...receipt }) => {
      if (topics) byRevision[receipt.revision] = topics;
      return receipt;
    }),
  }));
  return { nodes: bare, topics: byRevision };
}

export const assemble = (
  about: Pick<RegionReport, 'region' | 'environments' | 'reporter'>,
  nodes: readonly NodeReport[],
): RegionReport => ({
  ...about,
  at: Date.now(),
  ...common(nodes),
  ...hoistTopics(nodes),
  truncated: nodes.some(node => Object.values(node.audiences).some(audience => audience.truncated)),
});

/** The report but for what changes with every beat: two that are equal in this need not both be sent. */
export const substance = (report: RegionReport): string =>
  JSON.stringify({
    ...report,
    at: 0,
    revision: 0,
    nodes: report.nodes.map(node => ({ ...node, revision: 0 })),
  });

const size = (report: RegionReport): number => Buffer.byteLength(JSON.stringify(report));

const eachAudience = (report: RegionReport, change: (audience: Audience) => Audience): RegionReport => ({
  ...report,
  nodes: report.nodes.map(node => ({
    ...node,
    audiences: Object.fromEntries(
      Object.entries(node.audiences).map(([topic, audience]) => [topic, change(audience)]),
    ),
  })),
});

/** Without what single instances gave as reasons; the receipts have some. */
const withoutReasons = (report: RegionReport): RegionReport =>
  eachAudience(report, ({ words, ...audience }) => ({
    ...audience,
    ...(words && { words: words.map(word => word && { ...word, reason: undefined }) }),
  }));

/** Lists of instances cut to `length` each. */
const cutInstances = (report: RegionReport, length: number): RegionReport => ({
  ...eachAudience(report, ({ instance_ids, words, ...audience }) => ({
    ...audience,
    instance_ids: instance_ids.slice(0, length),
    ...(words && { words: words.slice(0, length) }),
  })),
  truncated: true,
});
function cutReceipts(report: RegionReport, count: number): RegionReport {
  const nodes = report.nodes.map(node => ({
    ...node,
    receipts: count === 0 ? [] : node.receipts.slice(-count),
  }));
  const left = new Set(nodes.flatMap(({ receipts }) => receipts.map(({ revision }) => String(revision))));
  const topics = Object.entries(report.topics ?? {}).filter(([revision]) => left.has(revision));
  return { ...report, truncated: true, nodes, topics: Object.fromEntries(topics) };
}
const withoutAudiences = (report: RegionReport): RegionReport => ({
  ...report,
  truncated: true,
  nodes: report.nodes.map(node => ({ ...node, audiences: {} })),
});

/**
 * The report in at most `maxBytes` of JSON. Reasons go first. Then the longest lists of instances are cut,
 * so that small ones stay whole; where counts and receipts alone are too much, the oldest receipts go, then the
 * audiences.
 */
export function fit(report: RegionReport, maxBytes: number): RegionReport {
  if (size(report) <= maxBytes) return report;
  const lists = report.nodes.flatMap(node => Object.values(node.audiences));
  let length = Math.max(0, ...lists.map(audience => audience.instance_ids.length));
  const bare = withoutReasons(report);
  let cut = bare;
  while (size(cut) > maxBytes && length > 0) {
    length = Math.floor(length / 2);
    cut = cutInstances(bare, length);
  }
  for (const count of [8, 1, 0]) if (size(cut) > maxBytes) cut = cutReceipts(cut, count);
  return size(cut) > maxBytes ? withoutAudiences(cut) : cut;
}
