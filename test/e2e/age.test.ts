/** I5 and I4: a node that is cut off says how old its state is, and goes on serving. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
beforeEach(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], authorityEnv: { HEARTBEAT_INTERVAL_MS: '100' } });
});
afterEach(() => network.stop());

/** Stop a hop in the way; the reported age must keep up with the time since. */
const HOPS = {
  authority: () => network.authority.pause(),
  etcd: () => network.etcd.pause(),
  Redis: () => network.regions[0]!.redis.pause(),
} as const;

test.each(Object.keys(HOPS) as (keyof typeof HOPS)[])(
  'with %s stopped, ages grow and reads go on',
  async hop => {
    const nodes = network.serving.map(component => network.api(component));
    const authority = network.api(network.authority);
    const put = await authority.put('risk', 'limit', 1);
    for (const node of nodes) await node.get('risk', 'limit', { query: { min_revision: put.revision } });

    HOPS[hop]();
    // From here on no beat is put, or none gets through: the state can't be known to be complete after this.
    const stoppedAt = Date.now();
    await until(
      async () => {
        for (const node of nodes) {
          const askedAt = Date.now();
          const answer = await node.get('risk', 'limit');
          expect(answer.status).toBe(200);
          expect((await node.request('GET', '/readyz')).status).toBe(200);
          // One beat may have been on its way while the hop was being stopped.
          expect(Number(answer.headers.get('x-config-age')) * 1_000).toBeGreaterThanOrEqual(
            askedAt - stoppedAt - 60,
          );
        }
        return Date.now() - stoppedAt > 2_000;
      },
      { what: 'two seconds of watching', intervalMs: 50 },
    );
    const answer = await nodes[0]!.get('risk', 'limit', { query: { max_age: 1 } });
    expect([answer.status, answer.problem.type]).toEqual([503, 'urn:quantivista:problem:too_old']);

    for (const component of network.components) component.resume();
    const fresh = async () =>
      (await nodes[0]!.get('risk', 'limit', { query: { max_age: 1 } })).status === 200;
    await until(fresh, { what: 'the state to be fresh again' });
  },
);
