/** What befalls a region's Redis: its nodes go on from memory, the other region is not concerned (I1 to I5, I9). */
import { afterAll, beforeAll, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { type NetworkUnderFault, startNetworkUnderFault } from './network-under-fault.ts';

const REGION = 'us-east';

let under: NetworkUnderFault;
beforeAll(async () => {
  under = await startNetworkUnderFault();
});
afterAll(() => under.stop());

const redis = () => under.network.regions.find(region => region.name === REGION)!.redis;
const link = () => under.redisLinks.get(REGION)!;
const configure = (setting: string, value: string) => redisCommand(redis(), 'CONFIG', 'SET', setting, value);
const nodesNotice = async () => {
  const nodes = under.network.regions.find(region => region.name === REGION)!.serving;
  const statuses = await Promise.all(nodes.map(node => under.network.api(node).status()));
  return statuses.every(({ body }) => !(body.follower as { connected: boolean }).connected);
};

test('Redis killed, and back empty', () =>
  under.undergo({
    name: 'Redis killed, back empty',
    ages: [REGION],
    begin: () => redis().kill(),
    heal: () => redis().start(),
  }));

test('Redis stopped for a while, with its data', () =>
  under.undergo({
    name: 'Redis stopped, with its data',
    ages: [REGION],
    begin: () => redis().pause(),
    heal: () => redis().resume(),
  }));

test('Redis wiped under everybody’s feet', () =>
  under.undergo({
    name: 'Redis wiped (FLUSHALL)',
    ages: [],
    begin: () => redisCommand(redis(), 'FLUSHALL'),
    heal: () => {},
  }));

test('Redis full: feeding stops, and goes on when there is room again', () =>
  under.undergo({
    name: 'Redis full',
    ages: [REGION],
    note: 'maxmemory reached, noeviction',
    begin: async () => {
      const used = /used_memory:(\d+)/.exec(await redisCommand(redis(), 'INFO', 'memory'))![1]!;
      await configure('maxmemory-policy', 'noeviction');
      // A little room: it is feeding that fills it.
      await configure('maxmemory', String(Number(used) + 50_000));
    },
    meanwhile: () =>
      until(
        async () => Number(/evicted_keys:(\d+)/.exec(await redisCommand(redis(), 'INFO', 'stats'))![1]) === 0,
        {
          what: 'Redis to have thrown nothing away',
        },
      ),
    heal: () => configure('maxmemory', '0'),
  }));

test('the link to Redis half open', () =>
  under.undergo({
    name: 'link to Redis half open',
    ages: [REGION],
    begin: () => link().hang(),
    meanwhile: () => until(nodesNotice, { what: 'the nodes to notice that Redis is silent' }),
    heal: () => link().heal(),
  }));
