/** An etcd of three members: one may be lost unseen, two may not, and nothing is lost with them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import type { Writers } from '../guarantees/writers.ts';
import { askEtcd } from '../harness/etcd-gateway.ts';
import { type NetworkUnderFault, startNetworkUnderFault } from './network-under-fault.ts';

let under: NetworkUnderFault;
beforeAll(async () => {
  under = await startNetworkUnderFault({ etcdMembers: 3 });
});
afterAll(() => under.stop());

const members = () => under.network.etcdMembers;
const moreWrites = (writers: Writers) => {
  const { changed } = writers;
  return until(() => writers.changed > changed + 100, { what: '100 more changes' });
};

/** Whether it leads, by its own account. */
async function leads({ url }: Component): Promise<boolean> {
  const answer = await askEtcd(url, '/v3/maintenance/status', {});
  const { header, leader } = (await answer.json()) as { header: { member_id: string }; leader: string };
  return header.member_id === leader;
}

const kill = { begin: (member: Component) => member.kill(), heal: (member: Component) => member.start() };
const hang = { begin: (member: Component) => member.pause(), heal: (member: Component) => member.resume() };

test.each([
  ['a follower killed', false, kill],
  ['the leader killed', true, kill],
  // Its connections stay open: only a call that is not answered in time tells.
  ['a follower hung', false, hang],
] as const)('of three members %s: writes and feeding go on', async (what, leading, { begin, heal }) => {
  const leaders = await Promise.all(members().map(leads));
  const member = members()[leaders.lastIndexOf(leading)]!;
  await under.undergo({
    name: `etcd of three members: ${what}`,
    ages: [],
    begin: () => begin(member),
    meanwhile: async writers => {
      await moreWrites(writers);
      // Those that were connected to it are with another by now: no call notices that it is missing.
      const authority = under.network.api(under.network.authority);
      for (let reads = 0; reads < 60; reads++) expect((await authority.list('risk')).status).toBe(200);
    },
    heal: () => heal(member),
  });
});

test('two members of three killed: no quorum, no write, every region ages', () =>
  under.undergo({
    name: 'etcd of three members: two killed, no quorum',
    begin: () =>
      Promise.all(
        members()
          .slice(1)
          .map(member => member.kill()),
      ),
    meanwhile: async writers => {
      const { failed } = writers;
      await until(() => writers.failed > failed, { what: 'a write to fail' });
      const answers = await Promise.all(
        under.network.serving.map(node => under.network.api(node).list('risk')),
      );
      expect(answers.map(answer => answer.status)).toEqual(answers.map(() => 200));
    },
    heal: () =>
      Promise.all(
        members()
          .slice(1)
          .map(member => member.start()),
      ),
  }));
