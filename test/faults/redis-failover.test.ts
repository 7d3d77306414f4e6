/** A region's Redis fails over to a replica that is behind: what it had not been given yet is fed again. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createRedisServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { createLink, type Link } from '../harness/link.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { type NetworkUnderFault, startNetworkUnderFault } from './network-under-fault.ts';

let under: NetworkUnderFault;
let replica: Component;
/** From the replica to its primary. */
let replication: Link;
beforeAll(async () => {
  under = await startNetworkUnderFault({ regionNames: ['eu-west'] });
  replication = await createLink(primary().port);
  replica = createRedisServer({
    name: 'replica',
    dir: under.network.dir,
    port: await createPorts().next(),
    replicaOf: replication.port,
  });
  await replica.start();
  await until(async () => (await info(replica, 'replication')).includes('master_link_status:up'), {
    what: 'the replica to be in step',
  });
});
afterAll(async () => {
  await replica.stop();
  await replication.close();
  await under.stop();
});

const primary = () => under.network.regions[0]!.redis;
const info = (redis: Component, section: string) => redisCommand(redis, 'INFO', section);
const heldBy = async (redis: Component) => {
  const generation = await redisCommand(redis, 'GET', '{qv:eu-west}:generation');
  return Number(await redisCommand(redis, 'GET', `{qv:eu-west}:${generation}:revision`));
};

test('a replica that is behind is promoted', () => {
  let behind = 0;
  return under.undergo({
    name: 'Redis failed over to a replica 20 revisions behind or more',
    ages: [],
    begin: async () => {
      replication.hang();
      const before = await heldBy(replica);
      await until(async () => (await heldBy(primary())) >= before + 20, {
        what: 'the replica to fall behind',
      });
      await primary().kill();
      behind = await heldBy(replica);
      expect(behind).toBe(before);
      await redisCommand(replica, 'REPLICAOF', 'NO', 'ONE');
      under.redisLinks.get('eu-west')!.retarget(replica.port);
    },
    heal: () => {},
  });
});
