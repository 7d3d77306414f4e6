/** Clocks that are wrong, at the authority, at a node, or set while a node is cut off (I5). */
import { HEARTBEAT_KEY } from '@quantivista/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { type Node, type RegionUnderTest, startRegion } from './region-under-test.ts';

const HOUR_MS = 3_600_000;
/** Long enough that a node would be STALE by it alone. */
const WRONG_MS = 60_000;
/** Clocks tick in milliseconds. */
const TICK_MS = 1;

let region: RegionUnderTest;
/** Nodes by how far their clock is ahead of this machine's. */
let nodes: Map<number, Node>;
/** Added to every node's clock. */
let set = 0;
beforeAll(async () => {
  region = await startRegion();
  nodes = new Map(
    [0, WRONG_MS, -WRONG_MS].map(aheadMs => [
      aheadMs,
      region.startNode({ now: () => Date.now() + aheadMs + set }),
    ]),
  );
});
afterAll(() => region.stop());

/** A beat of an authority whose clock is ahead by so much; waits until every node has it. */
async function beat(aheadMs: number): Promise<void> {
  const value = JSON.stringify({ sequence: 1, at: Date.now() + aheadMs });
  const { revision } = await region.store.txn({
    compare: [],
    success: [{ op: 'put', key: HEARTBEAT_KEY, value }],
  });
  await region.converged(revision);
}

test.each([
  ['right', 0],
  ['a minute ahead', WRONG_MS],
  ['a minute behind', -WRONG_MS],
])('the authority’s clock %s, the nodes’ right, ahead and behind', async (_, authorityAheadMs) => {
  await beat(authorityAheadMs);
  for (const [nodeAheadMs, { replica }] of nodes) {
    const authorityBeforeNodeMs = authorityAheadMs - nodeAheadMs;
    // An authority that is behind looks old: that is on the safe side, and seen. One that is ahead is told of.
    expect(replica.age.state()).toBe(authorityBeforeNodeMs < 0 ? 'STALE' : 'FRESH');
    expect(replica.age.ms()).toBeGreaterThanOrEqual(Math.max(0, -authorityBeforeNodeMs));
    expect(replica.age.aheadMs > 0).toBe(authorityBeforeNodeMs > 0);
  }

  region.etcdLink.cut();
  const lacked = await region.put('lacked', 1);
  const lackedSince = performance.now();
  /** Whatever the clocks say: no node reports less than the time since it lacks something. */
  const expectTrue = () => {
    for (const { replica } of nodes.values()) {
      expect(replica.current!.snapshot.revision).toBeLessThan(lacked);
      const trueMs = performance.now() - lackedSince;
      expect(replica.age.ms()).toBeGreaterThanOrEqual(trueMs - TICK_MS);
    }
    return performance.now() - lackedSince > 300;
  };
  await until(expectTrue, { what: 'ages to grow for a while' });
  // Set back or on while cut off, as by an operator.
  for (set of [-HOUR_MS, HOUR_MS]) expectTrue();
  for (const { replica } of nodes.values()) expect(replica.age.state()).toBe('STALE');
  set = 0;
  region.etcdLink.heal();
  await region.converged(lacked);
});

test('a node that starts while the centre is down knows the age but for the error of the clocks', async () => {
  await beat(WRONG_MS);
  region.etcdLink.cut();
  await region.put('lacked', 2);
  const lackedSince = performance.now();
  const late = [0, WRONG_MS].map(aheadMs => region.startNode({ now: () => Date.now() + aheadMs }));
  for (const node of late) await until(() => node.replica.current, { what: 'the node to be ready' });
  // The true ages first: they only grow until the nodes are asked.
  const trueMs = performance.now() - lackedSince;
  const [wrong, right] = late.map(({ replica }) => ({ ms: replica.age.ms(), aheadMs: replica.age.aheadMs }));
  // For the one the beat lies in the future: it can't know better, and says how far the clocks differ.
  expect(wrong!.aheadMs).toBeGreaterThan(0);
  expect(wrong!.ms).toBeGreaterThanOrEqual(trueMs - WRONG_MS);
  expect(right!.ms).toBeGreaterThanOrEqual(trueMs - TICK_MS);
  region.etcdLink.heal();
  await region.converged(await region.put('lacked', 3));
});
