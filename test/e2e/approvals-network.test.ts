/** Approvals and tokens on a network with nodes: whom a change would reach, and who is let in. */
import type { CreatedToken, ProposalView } from '@quantivista/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { startWatcher } from '../harness/watcher.ts';

let network: TestNetwork;
let admin: Api;
beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], nodeRoles: ['feed,serve'], reads: 'token' });
  admin = network.api(network.authority);
});
afterAll(() => network.stop());

async function create(name: string, permissions: string[], more: object = {}): Promise<CreatedToken> {
  const body = { name, permissions, ...more };
  const answer = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
  expect(answer.status).toBe(201);
  return answer.body;
}

test('a proposal says whom it would reach; applied it reaches them, in the name of its author', async () => {
  const node = network.serving[0]!;
  const watcher = startWatcher({
    nodes: [node.url],
    service: 'risk',
    instanceId: 'risk-1',
    token: network.token,
  });
  try {
    await watcher.frame(({ type }) => type === 'snapshot', 'the snapshot');
    const body = { required_approvals: 1 };
    expect((await admin.request('PUT', '/api/v1/protection/PRODUCTION', { body })).status).toBe(200);
    const { body: made } = await admin.put('risk', 'limit', 1, { body: { reason: 'why' } });
    const { id, digest } = made as unknown as ProposalView;
    const path = `/api/v1/proposals/${id}`;
    const affected = await until(
      async () => {
        const { body: view } = await admin.request<ProposalView>('GET', path);
        return view.affected.watchers === 1 ? view.affected : undefined;
      },
      { what: 'the watcher to be known' },
    );
    expect(affected.instances).toMatchObject([{ instance_id: 'risk-1', region: 'eu' }]);

    const bob = network.api(network.authority, (await create('bob', ['approve', 'read'])).token);
    expect((await bob.request('POST', `${path}/approve`, { body: { digest } })).status).toBe(200);
    const wait = { body: {}, headers: { prefer: 'wait=30' } };
    const applied = await admin.request<ProposalView>('POST', `${path}/apply`, wait);
    expect(applied.headers.get('x-config-propagation')).toContain('eu');
    const frame = await watcher.frame(({ type }) => type === 'update', 'the change');
    expect(frame).toMatchObject({ updates: [{ new_value: 1, updated_by: 'admin', reason: 'why' }] });
  } finally {
    watcher.close();
  }
});

test('nodes let in whom a token says may read, until it expires or is revoked', async () => {
  const node = network.serving[0]!;
  await admin.put('pricing', 'a', 1, { environment: 'TEST' });
  const statusOf = async ({ token }: CreatedToken) =>
    (await network.api(node, token).get('pricing', 'a', { environment: 'TEST' })).status;
  const becomes = (token: CreatedToken, status: number) =>
    until(async () => (await statusOf(token)) === status, { what: `an answer of ${status}` });
  const reader = await create('reader', ['read']);
  await becomes(reader, 200);
  const writer = await create('writer', ['write']);
  const expiring = await create('expiring', ['read'], {
    expires_at: new Date(Date.now() + 8_000).toISOString(),
  });
  const last = await create('last', ['read']);
  // What was made before the last one is known by now too.
  await becomes(last, 200);
  expect(await statusOf(writer)).toBe(403);
  await becomes(expiring, 401);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiring.expires_at!));
  expect((await admin.request('DELETE', `/api/v1/access/tokens/${reader.id}`)).status).toBe(204);
  await becomes(reader, 401);
});
