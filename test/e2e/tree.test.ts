/** Regions fed by regions: the same state all the way down, and no more than asked for. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { etcdDigest } from '../guarantees/etcd-digest.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({
    reads: 'token',
    regionNames: ['core'],
    runtime: ['bun', 'node'],
    moreRegions: [
      { name: 'child', fedBy: 'core' },
      { name: 'grandchild', fedBy: 'child' },
    ],
  });
});
afterAll(() => network.stop());

test('what was acknowledged is read at every level', async () => {
  const authority = network.api(network.authority);
  const put = await authority.put('risk_engine', 'max_position', 100, { body: { reason: 'first' } });
  expect(put.status).toBe(200);
  for (const node of network.serving) {
    const read = await network
      .api(node)
      .get('risk_engine', 'max_position', { query: { min_revision: put.revision } });
    expect(read.body).toEqual(put.body);
  }
});
