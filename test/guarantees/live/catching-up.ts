/** When all is well again: every node and every watcher has what was written after a fault. */
import type { Network } from '../../../infra/stack/network.ts';
import { until } from '../../../infra/stack/until.ts';
import { everyNodeReached } from '../faults.ts';
import type { Topic } from '../history.ts';
import { storeRevision } from '../oracle.ts';
import type { Crowds } from './crowds.ts';
import type { Verdict } from './verdict.ts';
import type { Writer } from './writer.ts';

export interface CatchingUpOptions {
  readonly network: Network;
  /** A service that has something to read. */
  readonly topic: Topic;
  readonly crowds: Crowds;
  readonly verdict: Verdict;
}

const LIMIT_MS = 120_000;

/** A write that was made after now: what has it has come back. @throws where none is acknowledged in time */
export async function nextWrite(
  { network }: CatchingUpOptions,
  writer: Writer,
  after: string,
): Promise<number> {
  const now = await until(() => storeRevision(network.etcd.url), { what: `etcd to answer after ${after}` });
  await until(() => writer.newest > now, { what: `a write to be acknowledged after ${after}` });
  return writer.newest;
}

/**
 * Resolves when every node serves `revision`, and every watcher has accounted for everything up to it.
 * @param onNodes called when the nodes have it
 * @throws where they don't in time, with who is furthest behind
 */
export async function caughtUp(
  { network, topic, crowds, verdict }: CatchingUpOptions,
  revision: number,
  after: string,
  onNodes = () => {},
): Promise<void> {
  let everyone = false;
  void crowds.reached(revision).then(() => {
    everyone = true;
  });
  // A run that has failed is given up at the limit, with the failure as the cause.
  const nodes = () => {
    verdict.failed();
    return everyNodeReached(network, topic, revision);
  };
  const watchers = () => {
    verdict.failed();
    return everyone;
  };
  await until(nodes, { what: `every node to have ${revision} after ${after}`, timeoutMs: LIMIT_MS });
  onNodes();
  const what = `every watcher to have ${revision} after ${after}`;
  await until(watchers, { what, timeoutMs: LIMIT_MS }).catch((error: Error) => {
    const slowest = crowds.tallies.map(tally => tally.slowest).join('; ');
    throw new Error(`${error.message}: ${slowest}`, { cause: error.cause });
  });
}
