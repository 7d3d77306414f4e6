/** What is protected changes with the approval of others: by every way there is to write it. */
import { COMMIT_KEY, type ProposalList, type ProposalView } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Answer } from '../harness/api.ts';
import { type Authorities, type Person, startAuthorities } from '../harness/authorities.ts';

let network: Authorities;
let ann: Person;
let bob: Person;
let cid: Person;
/** Each test has a service of its own. */
let service: string;
let count = 0;

beforeAll(async () => {
  network = await startAuthorities();
  ann = await network.person('ann', ['read', 'write']);
  bob = await network.person('bob', ['read', 'write', 'approve']);
  cid = await network.person('cid', ['read', 'approve', 'break-glass', 'write']);
});
afterAll(() => network.stop());
beforeEach(async () => {
  service = `service-${++count}`;
  await unprotect();
});

const PROTECTION = '/api/v1/protection/PRODUCTION';
/** The regular way: by a proposal of its own. */
async function unprotect() {
  const { status, body } = await network.admin.request<ProposalView>('DELETE', PROTECTION);
  if (status !== 202) return expect(status).toBe(404);
  for (const person of [bob, cid]) expect((await person.approve(body.id)).status).toBe(200);
  expect((await ann.post(`/${body.id}/apply`)).status).toBe(200);
}
const protect = async (body: object = { required_approvals: 2 }) =>
  expect((await network.admin.request('PUT', PROTECTION, { body })).status).toBe(200);
const proposalOf = ({ status, body }: Answer<unknown>) => {
  expect(status, JSON.stringify(body)).toBe(202);
  return body as ProposalView;
};
const propose = async (key: string, value: unknown) =>
  proposalOf(await ann.api.put(service, key, value as never));
const typeOf = ({ problem }: Answer) => problem.type.replace('urn:quantivista:problem:', '');
const present = async (key: string) => (await network.admin.get(service, key)).body.config_value;
const show = async (id: string) =>
  (await bob.api.request<ProposalView>('GET', `/api/v1/proposals/${id}`)).body;

test('a change becomes a proposal, and happens once two others have approved what they saw', async () => {
  await network.admin.put(service, 'limit', 10);
  await protect();
  const answer = await ann.api.put(service, 'limit', 20, { body: { reason: 'more' } });
  const proposal = proposalOf(answer);
  const { id, digest } = proposal;
  expect(answer.headers.get('location')).toBe(`/api/v1/proposals/${id}`);
  expect(proposal).toMatchObject({ state: 'open', author: 'ann', reason: 'more', changed_since: [] });
  expect(proposal.changes[0]).toMatchObject({ before: { config_value: 10 }, after: { config_value: 20 } });
  expect(proposal.requirements).toEqual([{ environment: 'PRODUCTION', required_approvals: 2 }]);
  expect(await present('limit')).toBe(10);

  expect(typeOf(await ann.approve(id))).toBe('forbidden');
  expect(typeOf(await bob.post(`/${id}/approve`))).toBe('invalid_request');
  expect(typeOf(await bob.post(`/${id}/approve`, { digest: digest.slice(1) }))).toBe('conflict');
  expect((await bob.approve(id)).status).toBe(200);
  expect(typeOf(await bob.approve(id))).toBe('conflict');
  expect(typeOf(await ann.post(`/${id}/apply`))).toBe('approval_required');
  expect(await present('limit')).toBe(10);
  expect((await bob.post(`/${id}/comment`, { comment: 'good' })).body.comments).toMatchObject([
    { by: 'bob' },
  ]);
  expect(await cid.approve(id)).toMatchObject({ status: 200, body: { state: 'approved' } });

  const applied = await ann.post(`/${id}/apply`);
  expect(applied.body).toMatchObject({ state: 'applied', revision: applied.revision, closed: { by: 'ann' } });
  expect((await network.admin.get(service, 'limit')).body).toMatchObject({
    config_value: 20,
    version: 2,
    updated_by: 'ann',
  });
  expect((await network.admin.versions(service, 'limit')).body.versions[0]).toMatchObject({
    updated_by: 'ann',
    reason: 'more',
    revision: applied.revision,
  });
  expect(typeOf(await ann.post(`/${id}/apply`))).toBe('proposal_closed');
  expect(typeOf(await bob.approve(id))).toBe('proposal_closed');
});

test('tokens of one name are one person', async () => {
  await protect();
  const { id } = await propose('a', 1);
  const again = await network.person('bob', ['read', 'approve']);
  const self = await network.person('ann', ['read', 'approve']);
  expect((await bob.approve(id)).status).toBe(200);
  expect(typeOf(await again.approve(id))).toBe('conflict');
  expect(typeOf(await self.approve(id))).toBe('forbidden');
});

test('an approval is of one proposal as it was seen: it counts for no other, and not again', async () => {
  await network.admin.put(service, 'a', 1);
  await protect({ required_approvals: 1 });
  const seen = await propose('a', 2);
  const replayed = async (id: string) => typeOf(await bob.post(`/${id}/approve`, { digest: seen.digest }));
  expect((await bob.approve(seen.id)).status).toBe(200);
  // The same key with another value: neither the approval nor its digest has anything to do with it.
  const worse = await propose('a', 1_000);
  expect(await replayed(worse.id)).toBe('conflict');
  expect(typeOf(await ann.post(`/${worse.id}/apply`))).toBe('approval_required');
  expect((await ann.post(`/${seen.id}/apply`)).status).toBe(200);
  expect(await replayed(seen.id)).toBe('proposal_closed');
  expect(typeOf(await ann.post(`/${seen.id}/apply`))).toBe('proposal_closed');
  // What was approved is what was to become of the state of then: the very same change is another now.
  const back = await propose('a', 1);
  await bob.approve(back.id);
  expect((await ann.post(`/${back.id}/apply`)).status).toBe(200);
  const same = await propose('a', 2);
  expect(same.digest).not.toBe(seen.digest);
  expect(await replayed(same.id)).toBe('conflict');
  expect(typeOf(await ann.post(`/${same.id}/apply`))).toBe('approval_required');
  expect(await present('a')).toBe(1);
});

test('every way to write is guarded, and what is wrong is refused before anything is proposed', async () => {
  await network.admin.put(service, 'a', 1);
  await network.admin.put(service, 'a', 2);
  await protect();
  const change = { environment: 'PRODUCTION', service_name: service } as const;
  proposalOf(await ann.api.put(service, 'new', 1));
  proposalOf(await ann.api.del(service, 'a'));
  proposalOf(await ann.api.rollback({ ...change, config_key: 'a', version: 1 }));
  // One protected key of two is enough.
  const mixed = proposalOf(
    await ann.api.batch([
      { op: 'set', ...change, config_key: 'b', new_value: 1 },
      { op: 'set', ...change, environment: 'TEST', config_key: 'b', new_value: 1 },
    ]),
  );
  expect(mixed.changes.map(({ environment }) => environment)).toEqual(['PRODUCTION', 'TEST']);
  expect((await ann.api.put(service, 'b', 2, { environment: 'TEST' })).status).toBe(200);
  expect(typeOf(await ann.api.put(service, 'a', 3, { body: { old_value: 7 } }))).toBe('conflict');
  expect(typeOf(await ann.api.del(service, 'none'))).toBe('configuration_not_found');
  expect(typeOf(await ann.api.put(service, 'large', 'x'.repeat(600_000)))).toBe('too_large');
  expect((await network.admin.list(service)).body).toEqual({ a: 2 });
});

test('what changed meanwhile makes a proposal stale, whoever tries it', async () => {
  await network.admin.put(service, 'a', 1);
  await protect({ required_approvals: 1 });
  const [one, other] = [await propose('a', 2), await propose('a', 3)];
  for (const { id } of [one, other]) await bob.approve(id);
  await ann.post(`/${one.id}/apply`);
  expect((await show(other.id)).changed_since).toMatchObject([{ service_name: service, config_key: 'a' }]);
  const refused = await ann.post(`/${other.id}/apply`);
  expect([refused.status, typeOf(refused)]).toEqual([409, 'proposal_stale']);
  expect(await show(other.id)).toMatchObject({ state: 'stale' });
  expect(await present('a')).toBe(2);
});

test('the protection as it stands when it is applied counts, and changes by its own rules alone', async () => {
  await protect({ required_approvals: 1 });
  const { id } = await propose('a', 1);
  await bob.approve(id);
  // Changing it is a proposal itself, for one who may do everything too.
  const tighter = { required_approvals: 1, approvers: ['cid'] };
  const change = proposalOf(await network.admin.request('PUT', PROTECTION, { body: tighter }));
  expect(proposalOf(await network.admin.request('DELETE', PROTECTION)).changes[0]).toMatchObject({
    kind: 'protection',
  });
  await bob.approve(change.id);
  expect(
    (await network.admin.request('POST', `/api/v1/proposals/${change.id}/apply`, { body: {} })).status,
  ).toBe(200);
  expect(typeOf(await ann.post(`/${id}/apply`))).toBe('approval_required');
  await cid.approve(id);
  expect((await ann.post(`/${id}/apply`)).status).toBe(200);
  expect(await present('a')).toBe(1);
});

test('rejected by another, withdrawn by its author, and listed by what became of it', async () => {
  await protect();
  const [rejected, withdrawn, open] = [await propose('a', 1), await propose('b', 1), await propose('c', 1)];
  expect(typeOf(await ann.post(`/${rejected!.id}/reject`))).toBe('forbidden');
  expect((await bob.post(`/${rejected!.id}/reject`, { comment: 'no' })).body.state).toBe('rejected');
  expect(typeOf(await bob.post(`/${withdrawn!.id}/withdraw`))).toBe('forbidden');
  expect((await ann.post(`/${withdrawn!.id}/withdraw`)).body.state).toBe('withdrawn');
  const list = async (query: string) => {
    const { body } = await bob.api.request<ProposalList>('GET', `/api/v1/proposals?${query}`);
    return body;
  };
  const page = await list('environment=production&limit=2');
  expect(page.proposals.map(({ id }) => id)).toEqual([open!.id, withdrawn!.id]);
  const next = await list(`limit=1&before=${page.next_before}`);
  expect(next.proposals[0]).toMatchObject({ id: rejected!.id, closed: { by: 'bob', comment: 'no' } });
  expect((await list('state=open&limit=1')).proposals[0]!.id).toBe(open!.id);
  expect((await list('environment=STAGING')).proposals).toEqual([]);
});

const BREAK = { 'x-config-break-glass': 'true' };

test('the glass is broken with permission, a reason, and where it may be; all of it is on record', async () => {
  await protect();
  const reason = { reason: 'on fire' };
  const as = (person: Person, key: string, body: object) =>
    person.api.put(service, key, 1, { headers: BREAK, body: { ...body } });
  expect((await as(ann, 'a', reason)).problem.detail).toContain('break-glass');
  expect(typeOf(await as(cid, 'a', {}))).toBe('invalid_request');
  const broken = await as(cid, 'a', reason);
  expect(broken).toMatchObject({ status: 200, body: { config_value: 1, updated_by: 'cid' } });
  const { body } = await bob.api.request<ProposalList>('GET', '/api/v1/proposals?break_glass=true');
  expect(body.proposals).toMatchObject([
    { author: 'cid', reason: 'on fire', state: 'applied', changes: [{ config_key: 'a' }] },
  ]);
  const etcd = createEtcd({ hosts: [network.etcd.url] });
  const { entries } = await etcd.read([COMMIT_KEY]);
  etcd.close();
  expect(JSON.parse(entries[0]!.value)).toMatchObject({ break_glass: true, proposal: body.proposals[0]!.id });
  const metrics = await (await fetch(`${network.first.url}/metrics`)).text();
  expect(metrics).toContain('qv_break_glass_total 1');

  await unprotect();
  expect((await as(cid, 'b', reason)).status).toBe(200);
  await protect({ required_approvals: 1, break_glass: false });
  expect(typeOf(await as(cid, 'c', reason))).toBe('forbidden');
  expect(typeOf(await as(cid, 'c', {}))).toBe('invalid_request');
  const after = await bob.api.request<ProposalList>('GET', '/api/v1/proposals?break_glass=true');
  expect(after.body.proposals).toHaveLength(1);
});
