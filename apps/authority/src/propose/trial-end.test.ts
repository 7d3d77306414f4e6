import { GENERATION_KEY, type Proposal, proposalPath, recordKey } from '@quantivista/contracts';
import { expect, test, vi } from 'vitest';
import { createMemoryAudit } from '../../test/memory-audit.ts';
import { createMemoryEtcd } from '../../test/memory-etcd.ts';
import { createPast } from '../history/past.ts';
import { createWriter } from '../write/commit.ts';
import { createProposals } from './proposals.ts';
import { createTrialEnds } from './trial-end.ts';

const ID = '0190c8a0-0000-7000-8000-000000000000';
const BEFORE = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const NOW = '0e0c5e1c-1f53-4b43-8a86-7b1a6f7f0d55';

function start(of: Partial<Proposal>) {
  const store = createMemoryEtcd();
  const { audit } = createMemoryAudit();
  store.put(GENERATION_KEY, NOW);
  const changes = [{ kind: 'configuration', environment: 'TEST', service_name: 'risk', config_key: 'limit' }];
  const trial = { until: '2026-01-01T00:00:00.000Z', refused_before: {} };
  const record = { id: ID, generation: NOW, changes, state: 'on_trial', trial, version: 1, ...of };
  store.put(recordKey(proposalPath(ID)), JSON.stringify(record));
  const { etcd } = store;
  const writer = createWriter({ etcd, audit, faultPoint: () => {} });
  const proposals = createProposals({ etcd, writer, regions: { reports: () => [] } });
  const ends = createTrialEnds({ proposals, writer, past: createPast({ etcd, audit }), audit });
  const stored = () => JSON.parse(store.value(recordKey(proposalPath(ID)))!) as Proposal;
  return { ends, stored, audit };
}

test('one that has ended is left as it is, whoever comes late', async () => {
  const { ends, stored } = start({ state: 'reverted' });
  expect(await ends.keep(ID)).toBeUndefined();
  expect(await ends.revert(ID, 'refused by c')).toBeUndefined();
  expect(stored()).toMatchObject({ state: 'reverted', version: 1 });
});

test.each(['keep', 'revert'] as const)('of a store that was replaced since it stays: %s', async how => {
  const { ends, stored, audit } = start({ generation: BEFORE });
  const changesSince = vi.spyOn(audit, 'changesSince');
  expect(await ends[how](ID, 'refused by c')).toBe('kept');
  expect(stored()).toMatchObject({
    state: 'applied',
    version: 2,
    trial: { ended: { by: 'trial', comment: 'the store was replaced while it was on trial' } },
  });
  expect(changesSince).not.toHaveBeenCalled();
});

test('of two who end it, one does', async () => {
  const { ends, stored } = start({});
  const both = await Promise.allSettled([ends.keep(ID), ends.keep(ID)]);
  const kept = both.filter(each => each.status === 'fulfilled' && each.value === 'kept');
  expect(kept).toHaveLength(1);
  expect(stored()).toMatchObject({ state: 'applied', version: 2 });
});
