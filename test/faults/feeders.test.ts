/** Feeders that stop in the middle of anything and go on much later: whatever they still send does no harm. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { storeRevision } from '../guarantees/oracle.ts';
import type { Writers } from '../guarantees/writers.ts';
import { type NetworkUnderFault, startNetworkUnderFault } from './network-under-fault.ts';

let under: NetworkUnderFault;
beforeAll(async () => {
  under = await startNetworkUnderFault({
    regionNames: ['eu-west'],
    nodeRoles: ['feed', 'feed', 'serve', 'serve'],
  });
});
afterAll(() => under.stop());

const feeders = () => under.network.regions[0]!.nodes.slice(0, 2);
const moreWrites = (writers: Writers, count: number) => {
  const { changed } = writers;
  return until(() => writers.changed > changed + count, { what: `${count} more changes` });
};

test('one feeder stopped, resumed after the other has gone on', () =>
  under.undergo({
    name: 'one feeder of two stopped',
    ages: [],
    begin: () => feeders()[0]!.pause(),
    // Longer than its watch may be silent: resumed, it must not take up what it had in hand.
    meanwhile: async writers => {
      const since = performance.now();
      await until(() => performance.now() - since > 3_500, { what: 'the time that a watch may be silent' });
      await moreWrites(writers, 50);
    },
    heal: () => feeders()[0]!.resume(),
  }));

test('feeders stopped in turn, at any point of what they do', () =>
  under.undergo({
    name: 'feeders stopped in turn, 20 times',
    ages: [],
    begin: async () => {
      for (let turn = 0; turn < 20; turn++) {
        const feeder = feeders()[turn % 2]!;
        feeder.pause();
        const before = await storeRevision(under.network.etcd.url);
        await until(async () => (await storeRevision(under.network.etcd.url)) > before + 3, {
          what: 'writes',
        });
        feeder.resume();
        await pause(Math.random() * 30);
      }
    },
    heal: () => {},
  }));

test('both feeders stopped', () =>
  under.undergo({
    name: 'both feeders stopped',
    begin: () => feeders().forEach(feeder => void feeder.pause()),
    meanwhile: writers => moreWrites(writers, 50),
    heal: () => feeders().forEach(feeder => void feeder.resume()),
  }));

test('both feeders killed', () =>
  under.undergo({
    name: 'both feeders killed',
    begin: () => Promise.all(feeders().map(feeder => feeder.kill())),
    heal: () => Promise.all(feeders().map(feeder => feeder.start())),
  }));
