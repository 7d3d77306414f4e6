/** What befalls etcd, and the way from it to the regions. I1 to I5 on a whole network. */
import { afterAll, beforeAll, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { type NetworkUnderFault, startNetworkUnderFault } from './network-under-fault.ts';

let under: NetworkUnderFault;
beforeAll(async () => {
  under = await startNetworkUnderFault();
});
afterAll(() => under.stop());

const links = () => [...under.etcdLinks.values()];
const heal = () => links().forEach(link => void link.heal());
/** The link says nothing of it: each feeder must find out by the silence. */
const feedersNotice = () =>
  until(
    async () => {
      const asked = under.network.serving.map(node => under.network.api(node).status());
      const states = (await Promise.all(asked)).map(({ body }) => (body.feeder as { state: string }).state);
      return states.every(state => state !== 'watching');
    },
    { what: 'every feeder to notice that etcd is silent' },
  );

test('etcd killed and started again', () =>
  under.undergo({
    name: 'etcd killed',
    begin: () => under.network.etcd.kill(),
    heal: () => under.network.etcd.start(),
  }));

test('the links to etcd cut', () =>
  under.undergo({
    name: 'links to etcd cut',
    begin: () => links().forEach(link => void link.cut()),
    heal,
  }));

test.each([
  ['nothing passes', 'hang'],
  ['answers are lost', 'blockAnswers'],
  ['requests are lost', 'blockRequests'],
] as const)('the links to etcd half open: %s', (what, block) =>
  under.undergo({
    name: `links to etcd half open: ${what}`,
    begin: () => links().forEach(link => void link[block]()),
    meanwhile: feedersNotice,
    heal,
  }),
);

test('one region cut off from etcd: the other goes on', () =>
  under.undergo({
    name: 'one region cut off from etcd',
    ages: ['us-east'],
    begin: () => under.etcdLinks.get('us-east')!.cut(),
    heal,
  }));

test('etcd compacted while all feeders are away: watchers are told', () =>
  under.undergo({
    name: 'etcd compacted while all feeders are away',
    resets: true,
    begin: () => links().forEach(link => void link.cut()),
    heal: async () => {
      await under.compact();
      heal();
    },
  }));

test('etcd wiped: another generation', () =>
  under.undergo({
    name: 'etcd wiped',
    endsLife: true,
    begin: async () => {
      await under.network.etcd.kill();
      under.network.etcd.wipe();
    },
    heal: () => under.network.etcd.start(),
  }));
