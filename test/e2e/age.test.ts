/**
 * I5 and I4: a node that is cut off says how old its state is, and goes on serving. Each hop on the way of a
 * change is stopped in turn, while changes are put into etcd directly, with or without the authority; the
 * reported age is compared with the true one (`ageErrors`), and its largest excess is recorded.
 */
import { configurationKey } from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { ageErrors, type TimedCommit, watchAges } from '../harness/age-watch.ts';
import { createLink, type Link } from '../harness/link.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { recordRecovery } from '../harness/recovery.ts';

/** Ages are in milliseconds. */
const TICK_MS = 1;
const BEAT_MS = 100;

let network: TestNetwork;
let etcd: Etcd;
/** Between everything in the region and its Redis. */
let redisLink: Link;
beforeAll(async () => {
  network = await startTestNetwork({
    regionNames: ['eu'],
    nodeRoles: ['feed', 'feed', 'serve', 'serve'],
    authorityEnv: { HEARTBEAT_INTERVAL_MS: String(BEAT_MS) },
    nodeEnv: { AGING_AFTER_MS: '700', STALE_AFTER_MS: '1500' },
    route: async url => {
      if (!url.startsWith('redis:')) return url;
      redisLink = await createLink(Number(new URL(url).port));
      return `redis://127.0.0.1:${redisLink.port}`;
    },
  });
  etcd = createEtcd({ hosts: [network.etcd.url], timeoutMs: 1_000 });
});
afterAll(async () => {
  etcd.close();
  await network.stop();
  await redisLink.close();
});

/** Changes put one after the other, with the times between which each was committed. */
function startCommits() {
  const commits: TimedCommit[] = [];
  const key = configurationKey({ environment: 'PRODUCTION', service: 'risk', key: 'limit' });
  let stopped = false;
  const run = async () => {
    for (let version = 1; !stopped; version++) {
      const value = JSON.stringify({ config_key: 'limit', config_value: version, version });
      const sentAt = performance.now();
      const put = etcd.txn({ compare: [], success: [{ op: 'put', key, value }] });
      // One whose answer was lost may be committed or not: nothing is concluded from it.
      const result = await put.catch(() => undefined);
      if (result) commits.push({ revision: result.revision, sentAt, answeredAt: performance.now() });
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  };
  const running = run();
  return {
    commits,
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

const feeders = () => network.regions[0]!.nodes.slice(0, 2);
const redis = () => network.regions[0]!.redis;

/** How each hop is stopped, and let go on. */
const HOPS: Record<string, { stop: () => void; go: () => void; note?: string }> = {
  authority: {
    stop: () => network.authority.pause(),
    go: () => network.authority.resume(),
    note: 'changes still arrive, but without its beats no node can know that none is missing',
  },
  etcd: {
    stop: () => network.etcd.pause(),
    go: () => network.etcd.resume(),
    note: 'nothing can be missed while etcd takes no change, but no node can know',
  },
  'one feeder of two': { stop: () => feeders()[0]!.pause(), go: () => feeders()[0]!.resume() },
  'both feeders': {
    stop: () => feeders().forEach(feeder => void feeder.pause()),
    go: () => feeders().forEach(feeder => void feeder.resume()),
  },
  Redis: { stop: () => redis().pause(), go: () => redis().resume() },
  'the link to Redis': { stop: () => redisLink.hang(), go: () => redisLink.heal() },
  nothing: { stop: () => {}, go: () => {} },
};
const UNFELT = ['nothing', 'one feeder of two'];

test.each(Object.keys(HOPS))('%s stopped: the reported age is never less than the true one', async hop => {
  const { stop, go, note } = HOPS[hop]!;
  const { serving, token } = network;
  const states = async () =>
    Promise.all(serving.map(async node => (await network.api(node).status()).body.state));
  const all = (state: string) => async () => (await states()).every(each => each === state);
  await until(all('FRESH'), { what: 'every node to be FRESH' });
  const writing = startCommits();
  const ages = watchAges({ nodes: serving, token, service: 'risk', restMs: 5 });
  try {
    await until(() => ages.samples.length > 50 && writing.commits.length > 20, { what: 'changes and reads' });
    stop();
    if (UNFELT.includes(hop)) {
      const seen = writing.commits.length;
      await until(() => writing.commits.length > seen + 100, { what: 'a hundred changes more' });
    } else {
      await until(all('STALE'), { what: 'every node to be STALE' });
      const answer = await network.api(serving[0]!).get('risk', 'limit', { query: { max_age: 1 } });
      expect([answer.status, answer.problem.type]).toEqual([503, 'urn:quantivista:problem:too_old']);
    }
  } finally {
    go();
    await until(all('FRESH'), { what: 'every node to be FRESH again' });
    await writing.stop();
    await ages.stop();
  }
  expect(ages.samples.filter(sample => sample.status !== 200)).toEqual([]);
  expect(ages.unready).toEqual([]);
  const errors = ageErrors(ages.samples, writing.commits);
  expect(errors.filter(({ shortMs }) => shortMs > TICK_MS)).toEqual([]);
  recordRecovery({
    fault: `age with ${hop} stopped`,
    what: 'largest excess of the reported age over the true one',
    recoveryMs: Math.max(...errors.map(({ excessMs }) => excessMs)),
    note: [`beats every ${BEAT_MS} ms`, note].filter(Boolean).join('; '),
  });
});
