/** How a revision fared at each client, as the centre is told by regions fed by etcd and by other regions. */
import type { ClientPropagation, InstanceList, Propagation, WatchFrame } from '@quantivista/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { openEventStream } from '../harness/sse.ts';
import { startWatcher } from '../harness/watcher.ts';

describe.each(['bun', 'node'] as const)('on %s', runtime => {
  let network: TestNetwork;
  const opened: { close(): void }[] = [];

  beforeAll(async () => {
    network = await startTestNetwork({
      reads: 'token',
      runtime,
      regionNames: ['core'],
      moreRegions: [{ name: 'child', fedBy: 'core' }],
    });
  });
  afterAll(() => network.stop());
  afterEach(() => {
    for (const component of network.components) component.resume();
    for (const each of opened.splice(0)) each.close();
  });

  const nodeOf = (region: string, index: number): Component =>
    network.regions.find(({ name }) => name === region)!.serving[index]!;
  const ask = (path: string) => network.api(network.authority).request<Propagation>('GET', path);
  const propagation = async (revision: number, query = '') =>
    (await ask(`/api/v1/propagation/${revision}${query}`)).body;
  const put = async (service: string, value: number) =>
    (await network.api(network.authority).put(service, 'limit', value)).revision;
  const brief = ({ instance_id, region, node_id, state }: ClientPropagation) =>
    [instance_id, region, node_id, state].join(' ');
  /** Wait until the centre tells of exactly these. */
  const become = (revision: number, expected: readonly string[]) =>
    until(
      async () => {
        const page = await propagation(revision);
        return JSON.stringify(page.instances.map(brief)) === JSON.stringify(expected) ? page : undefined;
      },
      { what: `the centre to tell of ${expected.join(', ')}` },
    );

  interface Client {
    frame(fits: (frame: WatchFrame) => boolean, what: string): Promise<WatchFrame>;
    /** Once it has been told of the revision. */
    say(revision: number, said: { applied: boolean; error?: string }): Promise<void>;
  }
  function join(
    node: Component,
    service: string,
    instanceId: string,
    transport: 'websocket' | 'sse',
  ): Client {
    const headers = { authorization: `Bearer ${network.token}` };
    const common = { service, token: network.token, instanceId };
    const stream =
      transport === 'websocket'
        ? startWatcher({ ...common, nodes: [node.url] })
        : openEventStream({ node: node.url, service, headers, query: { instance_id: instanceId } });
    opened.push(stream);
    const frame: Client['frame'] = (fits, what) => stream.frame(fits, what);
    const say: Client['say'] = async (revision, said) => {
      const reached = (each: WatchFrame) => each.type !== 'reset' && each.revision >= revision;
      await frame(reached, `${instanceId} to be told of ${revision}`);
      const body = {
        environment: 'PRODUCTION',
        service_name: service,
        instance_id: instanceId,
        revision,
        ...said,
      };
      expect((await network.api(node).request('POST', '/api/v1/config/ack', { body })).status).toBe(202);
    };
    return { frame, say };
  }
  const isSnapshot = ({ type }: WatchFrame) => type === 'snapshot';

  test('what each client said: applied, refused and why, or nothing', async () => {
    const good = join(nodeOf('core', 0), 'risk', 'good', 'websocket');
    const bad = join(nodeOf('core', 1), 'risk', 'bad', 'sse');
    const quiet = join(nodeOf('core', 0), 'risk', 'quiet', 'sse');
    const far = join(nodeOf('child', 1), 'risk', 'far', 'websocket');
    const other = join(nodeOf('core', 0), 'pricing', 'other', 'websocket');
    for (const client of [good, bad, quiet, far, other]) await client.frame(isSnapshot, 'the snapshot');
    const first = await put('risk', 1);
    for (const client of [good, bad, far]) await client.say(first, { applied: true });
    await become(first, [
      'far child child-2 applied',
      'good core core-1 applied',
      'quiet core core-1 held',
      'bad core core-2 applied',
    ]);
    const before = Date.now();
    const second = await put('risk', 2);
    await good.say(second, { applied: true });
    await bad.say(second, { applied: false, error: 'limit: is too low' });
    await far.say(second, { applied: false });
    const page = await become(second, [
      'far child child-2 refused',
      'good core core-1 applied',
      'quiet core core-1 held',
      'bad core core-2 refused',
    ]);
    const about = { environment: 'PRODUCTION', service_name: 'risk' };
    expect(page.topics).toEqual(['PRODUCTION/risk']);
    expect(page.instances).toMatchObject([
      { ...about, acked_revision: first, refused: { revision: second } },
      { ...about, acked_revision: second },
      { ...about, acked_revision: null },
      { ...about, acked_revision: first, refused: { revision: second, reason: 'limit: is too low' } },
    ]);
    expect(page.truncated).toBe(false);
    for (const { instances_as_of } of page.regions)
      expect(Date.parse(instances_as_of)).toBeGreaterThanOrEqual(before);
    // Of the revision before, all that said so still have it.
    expect((await propagation(first, '?state=applied')).instances.map(brief)).toHaveLength(3);
    expect((await propagation(second, '?region=core&node_id=core-2')).instances.map(brief)).toEqual([
      'bad core core-2 refused',
    ]);
    const path = '/api/v1/instances?environment=PRODUCTION&service_name=risk';
    const { instances } = (await network.api(network.authority).request<InstanceList>('GET', path)).body;
    expect(instances.map(({ instance_id, acked_revision }) => [instance_id, acked_revision])).toEqual([
      ['bad', first],
      ['far', first],
      ['good', second],
      ['quiet', null],
    ]);
  });

  test('a client whose node does not have the revision is pending', async () => {
    const near = join(nodeOf('core', 0), 'risk', 'near', 'websocket');
    const cutOff = join(nodeOf('child', 0), 'risk', 'cut-off', 'websocket');
    for (const client of [near, cutOff]) await client.frame(isSnapshot, 'the snapshot');
    await become(await put('risk', 3), ['cut-off child child-1 held', 'near core core-1 held']);
    const child = network.regions.find(({ name }) => name === 'child')!;
    child.redis.pause();
    const revision = await put('risk', 4);
    await become(revision, ['cut-off child child-1 pending', 'near core core-1 held']);
    child.redis.resume();
    await cutOff.say(revision, { applied: true });
    await become(revision, ['cut-off child child-1 applied', 'near core core-1 held']);
  });

  test('pages are asked for one after the other; what is asked for wrongly is refused by name', async () => {
    const clients = Array.from({ length: 7 }, (_, index) =>
      join(nodeOf('core', index % 2), 'paged', `paged-${index}`, 'sse'),
    );
    for (const client of clients) await client.frame(isSnapshot, 'the snapshot');
    const revision = await put('paged', 1);
    await until(async () => (await propagation(revision)).instances.length === 7, { what: 'all seven' });
    const seen: string[] = [];
    let query: string | undefined = '?limit=3';
    while (query) {
      const page: Propagation = await propagation(revision, query);
      seen.push(...page.instances.map(({ instance_id }) => instance_id));
      query = page.next_cursor && `?limit=3&cursor=${page.next_cursor}`;
    }
    expect(seen).toEqual([0, 2, 4, 6, 1, 3, 5].map(index => `paged-${index}`));
    for (const wrong of ['limit=0', 'limit=501', 'limit=x', 'state=lost', 'cursor=here', 'cursor=']) {
      const { status, problem } = await ask(`/api/v1/propagation/${revision}?${wrong}`);
      expect([status, problem.errors?.[0]?.field]).toEqual([400, `query.${wrong.split('=')[0]}`]);
    }
  });
});
