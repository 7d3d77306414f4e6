/** An etcd of three members: one may be lost unseen, two may not, and nothing is lost with them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import type { Writers } from '../guarantees/writers.ts';
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

test.each([0, 1, 2])('member %i of three killed: writes and feeding go on', index =>
  under.undergo({
    name: 'one etcd member of three killed',
    ages: [],
    begin: () => members()[index]!.kill(),
    meanwhile: async writers => {
      await moreWrites(writers);
      // Those that were connected to it are with another by now: nobody notices that it is missing.
      const { failed } = writers;
      await moreWrites(writers);
      expect(writers.failed).toBe(failed);
    },
    heal: () => members()[index]!.start(),
  }),
);

test('two members of three killed: no quorum, no write, every region ages', () =>
  under.undergo({
    name: 'etcd without quorum',
    note: 'two members of three killed',
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
