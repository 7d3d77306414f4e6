/** What must hold once nothing is written any more. */
import type { Network } from '../../../infra/stack/network.ts';
import { until } from '../../../infra/stack/until.ts';
import { etcdDigest } from '../etcd-digest.ts';
import { servingNodes } from '../faults.ts';
import { readTrailTotals } from './trail-totals.ts';
import type { Verdict } from './verdict.ts';

/** Recovery leaves an intent to its writer for a while. */
const OUTCOMES_LIMIT_MS = 120_000;

/** I3: every node holds exactly what etcd does. */
export async function judgeDigests(network: Network, verdict: Verdict): Promise<void> {
  const digest = await etcdDigest(network.etcd.url);
  for (const { name, url } of servingNodes(network)) {
    const status = (await (await fetch(`${url}/status`)).json()) as { digest: string };
    const what = `digest ${status.digest} instead of the store's ${digest}`;
    if (status.digest !== digest) verdict.report({ guarantee: 'StatesExisted', what, where: name });
  }
}

/** I2: every intent has an outcome, and what the trail calls committed is what the store has. */
export async function judgeTrail({ postgres }: Network, { truth, commits, report }: Verdict): Promise<void> {
  const complete = async () => {
    const totals = await readTrailTotals(postgres.url, truth.generation!);
    return totals.pending === 0 ? totals : undefined;
  };
  const of = { what: 'every intent to have an outcome', timeoutMs: OUTCOMES_LIMIT_MS, intervalMs: 500 };
  const { committed, revisions } = await until(complete, of);
  if (committed === commits.count && revisions === commits.revisions) return;
  const what = `${committed} commits, their revisions ${revisions} in all; the store has ${commits.count}, ${commits.revisions}`;
  report({ guarantee: 'Acknowledged', what, where: 'the audit trail' });
}
