/** A proposal is applied once: whoever dies over it, whoever tries it at once, however late its time is noticed. */
import type { ProposalView } from '@quantivista/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../apps/authority/src/write/commit.ts';
import { until } from '../../infra/stack/until.ts';
import { type Api, createApi } from '../harness/api.ts';
import { type Authorities, type Person, startAuthorities } from '../harness/authorities.ts';
import { openTrail, type Trail } from './trail.ts';

let network: Authorities;
let trail: Trail;
let ann: Person;
let bob: Person;
/** Each test has a service of its own. */
let service: string;
let count = 0;

beforeAll(async () => {
  network = await startAuthorities();
  trail = openTrail(network.postgres.url);
  ann = await network.person('ann', ['read', 'write']);
  bob = await network.person('bob', ['read', 'approve']);
  const protection = { body: { required_approvals: 1 } };
  expect((await network.admin.request('PUT', '/api/v1/protection/PRODUCTION', protection)).status).toBe(200);
});
afterAll(async () => {
  await trail.close();
  await network.stop();
});
beforeEach(() => {
  service = `service-${++count}`;
});
afterEach(async () => {
  for (const each of [network.first, network.second]) if (!each.running) await each.start();
});

async function approved(key: string, value: number): Promise<string> {
  const { status, body } = await ann.api.put(service, key, value);
  expect(status).toBe(202);
  const { id } = body as unknown as ProposalView;
  expect((await bob.approve(id)).status).toBe(200);
  return id;
}
const show = async (id: string) =>
  (await ann.api.request<ProposalView>('GET', `/api/v1/proposals/${id}`)).body;
const versions = async (key: string, environment: 'PRODUCTION' | 'TEST' = 'PRODUCTION') =>
  (await ann.api.versions(service, key, { environment })).body.versions;
const settled = () =>
  until(async () => (await trail.pending()) === 0, { what: 'every intent to have an outcome' });
/** And the trail says so too: the store's state is seen a moment before its outcome is recorded. */
async function becomes(id: string, state: string): Promise<void> {
  await until(async () => (await show(id)).state === state, { what: `the proposal to be ${state}` });
  await settled();
}

test.each(FAULT_POINTS)('killed at %s while it applies: once or not at all, and never again', async point => {
  const id = await approved('a', 1);
  await network.fault.killAt(point, network.first, () => ann.post(`/${id}/apply`));
  await network.first.start();
  await settled();

  const done = point === 'write.after_commit' || point === 'write.after_outcome';
  expect((await show(id)).state).toBe(done ? 'applied' : 'approved');
  expect(await versions('a')).toHaveLength(done ? 1 : 0);
  expect((await ann.post(`/${id}/apply`)).status).toBe(done ? 409 : 200);
  expect(await versions('a')).toMatchObject([{ version: 1, config_value: 1 }]);
});

test('two authorities at once: one of them applies it', async () => {
  const elsewhere = network.at(network.second, ann.token.token);
  for (let round = 1; round <= 5; round++) {
    const id = await approved('a', round);
    const tries = [ann.post, elsewhere, ann.post, elsewhere].map(post => post(`/${id}/apply`));
    const answers = await Promise.all(tries);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const types = answers.filter(({ status }) => status === 409).map(({ problem }) => problem.type);
    expect(new Set(types)).toEqual(new Set(['urn:quantivista:problem:proposal_closed']));
    expect(await show(id)).toMatchObject({ state: 'applied' });
    expect(await versions('a')).toHaveLength(round);
  }
});

test('approvals at two authorities at once all count, and once each', async () => {
  const persons = await Promise.all(
    ['cid', 'dan', 'eve', 'fay'].map((name, index) =>
      network.person(name, ['read', 'approve'], index % 2 ? network.first : network.second),
    ),
  );
  const { body } = await ann.api.put(service, 'a', 1);
  const { id } = body as unknown as ProposalView;
  const answers = await Promise.all([...persons, ...persons].map(person => person.approve(id)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 409, 409, 409, 409]);
  expect((await show(id)).approvals.map(({ by }) => by).sort()).toEqual(['cid', 'dan', 'eve', 'fay']);
});

test('a protection that comes amid writes: none passes it', async () => {
  const elsewhere = createApi({ url: network.second.url, token: ann.token.token });
  const written: number[] = [];
  let stopped = false;
  const write = async (api: Api, key: string) => {
    while (!stopped) {
      const { status, revision } = await api.put(service, key, 1, { environment: 'STAGING' });
      if (status === 200) written.push(revision);
      // Whoever was told that it is protected is told so from then on.
      else expect(status).toBe(202);
    }
  };
  const writers = [ann.api, elsewhere, ann.api, elsewhere].map((api, index) => write(api, `k${index}`));
  await until(() => written.length > 20, { what: 'writes to be under way' });
  const body = { required_approvals: 1 };
  const { revision } = await network.admin.request('PUT', '/api/v1/protection/STAGING', { body });
  await until(
    async () => (await ann.api.put(service, 'last', 1, { environment: 'STAGING' })).status === 202,
    {
      what: 'a proposal',
    },
  );
  stopped = true;
  await Promise.all(writers);
  expect(Math.max(...written)).toBeLessThan(revision);
});

/** `seconds` from now on. */
const after = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
async function schedule(key: string, value: number, at: string): Promise<string> {
  const options = { environment: 'TEST', headers: { 'x-config-apply-at': at } } as const;
  const { status, body } = await ann.api.put(service, key, value, options);
  expect(status).toBe(202);
  const proposal = body as unknown as ProposalView;
  // TEST is not protected: nobody is waited for but the time.
  expect(proposal).toMatchObject({ state: 'scheduled', apply_at: at });
  return proposal.id;
}

test('a schedule is applied at its time and not before, though several authorities are there', async () => {
  const at = after(10);
  const id = await schedule('a', 1, at);
  const early = await ann.post(`/${id}/apply`);
  expect(early.problem.type).toBe('urn:quantivista:problem:not_due');
  await becomes(id, 'applied');
  const [version, ...more] = await versions('a', 'TEST');
  expect(version).toMatchObject({ config_value: 1, updated_by: 'ann' });
  expect(Date.parse(version!.created_at)).toBeGreaterThanOrEqual(Date.parse(at));
  expect(more).toEqual([]);
  expect((await show(id)).closed).toMatchObject({ by: 'schedule' });
});

test('withdrawn before its time it never happens; what it would change having changed, it is stale', async () => {
  const at = after(10);
  const [withdrawn, stale, last] = [
    await schedule('a', 1, at),
    await schedule('b', 1, at),
    await schedule('c', 1, at),
  ];
  expect((await ann.post(`/${withdrawn}/withdraw`)).body.state).toBe('withdrawn');
  await ann.api.put(service, 'b', 2, { environment: 'TEST' });
  await becomes(stale!, 'stale');
  await becomes(last!, 'applied');
  expect((await show(stale!)).closed?.comment).toContain('changed since: b');
  expect(await versions('a', 'TEST')).toEqual([]);
  expect(await versions('b', 'TEST')).toMatchObject([{ config_value: 2 }]);
});

test('due while no authority was there: late, and once', async () => {
  const at = after(10);
  const id = await schedule('a', 1, at);
  await Promise.all([network.first.kill(), network.second.kill()]);
  await until(() => Date.now() > Date.parse(at), { what: 'its time to pass' });
  await Promise.all([network.first.start(), network.second.start()]);
  await becomes(id, 'applied');
  expect(await versions('a', 'TEST')).toHaveLength(1);
});

test.each(['write.after_intent', 'write.after_commit'])(
  'the leader is killed at %s of a schedule: it happens once',
  async point => {
    await network.second.stop();
    const id = await schedule('a', 1, after(10));
    await network.first.stop();
    // Its first write is that of the schedule.
    await network.first.start({ env: { FAULT_POINT: point } });
    await network.first.ended();
    await Promise.all([network.first.start(), network.second.start()]);
    await becomes(id, 'applied');
    expect(await versions('a', 'TEST')).toHaveLength(1);
  },
);
