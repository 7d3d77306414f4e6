/** The regions and their nodes in short, and how they compare with each other. Pure. */
import { AgeState, ageState, type RegionReport, type RegionSummary } from '@quantivista/contracts';

/** Reports come every ten seconds at least: one that is older was missed, and then several. */
const REPORT_AGE = { agingMs: 25_000, staleMs: 60_000 };

/** Of its oldest node. A region whose Redis is lost says no more of its nodes: then its report grows old. */
export function regionState(report: RegionReport, now: number): AgeState {
  const states = [ageState(now - report.at, REPORT_AGE), ...report.nodes.map(({ state }) => state)];
  return AgeState.options[Math.max(...states.map(state => AgeState.options.indexOf(state)))]!;
}

export function summarize(report: RegionReport, now: number): RegionSummary {
  const { at, nodes, topics: _, instances_at: __, ...rest } = report;
  return {
    ...rest,
    reported_at: new Date(at).toISOString(),
    state: regionState(report, now),
    watchers: nodes.reduce((total, { watchers }) => total + watchers, 0),
    nodes: nodes.map(({ audiences: _, receipts: __, ...node }) => node),
  };
}

/** By region: changes that another one has applied and this one has not. */
export function behindOthers(reports: readonly RegionReport[]): Map<string, number> {
  const applied = new Map<string, Set<number>>();
  for (const { generation, nodes } of reports) {
    const revisions = applied.get(generation ?? '') ?? new Set();
    applied.set(generation ?? '', revisions);
    for (const { receipts } of nodes) for (const { revision } of receipts) revisions.add(revision);
  }
  const behind = ({ generation, revision }: RegionReport) =>
    [...(applied.get(generation ?? '') ?? [])].filter(each => each > (revision ?? 0)).length;
  return new Map(reports.map(report => [report.region, behind(report)]));
}
