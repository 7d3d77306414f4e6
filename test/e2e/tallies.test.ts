/** What nodes count arrives at the centre, each once, whatever dies on the way: evaluations, denials, uses of tokens. */
import type {
  CreatedToken,
  FeatureFlagUpdate,
  FlagUsage,
  FlagUsageList,
  ImpressionReceipt,
  TokenList,
} from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReadNode } from '../../infra/stack/apps.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { until } from '../../infra/stack/until.ts';
import { denialsOnRecord, timesOf } from '../harness/denials-on-record.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

const WINDOW_MS = 600;
let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({
    reads: 'token',
    runtime: ['bun', 'node'],
    moreRegions: [
      { name: 'branch', fedBy: 'eu-west' },
      { name: 'leaf', fedBy: 'branch' },
    ],
    authorityCount: 2,
    authorityEnv: { IMPRESSIONS_INTERVAL_MS: '50', ACCESS_LOG_INTERVAL_MS: '50' },
    nodeEnv: { IMPRESSIONS_WINDOW_MS: String(WINDOW_MS), ACCESS_LOG_WINDOW_MS: String(WINDOW_MS) },
  });
});
afterAll(() => network.stop());

const nodesOf = (name: string) => network.regions.find(region => region.name === name)!.serving;

/** A flag that every node holds. */
async function createFlag(name: string, update: FeatureFlagUpdate = {}) {
  const { status } = await network.api(network.authority).request('PUT', `/api/v1/feature-flags/${name}`, {
    body: { enabled: true, rollout_percentage: 20, ...update },
    headers: { prefer: 'wait=20' },
  });
  expect(status).toBe(200);
}
async function report(node: Component, flag: string, variant: string | undefined, count: number) {
  const answer = await network.api(node).request<ImpressionReceipt>('POST', '/api/v1/impressions', {
    body: { counts: [{ flag, ...(variant !== undefined && { variant }), count }] },
  });
  expect([answer.status, answer.body]).toEqual([200, { counted: count, unknown: 0 }]);
}
const ask = async <T>(path: string) => network.api(network.authority).request<T>('GET', path);
const usageOf = async (flag: string) => (await ask<FlagUsage>(`/api/v1/flag-usage/${flag}?since=1h`)).body;
const arrived = (flag: string, evaluations: number) =>
  until(async () => (await usageOf(flag)).evaluations >= evaluations, {
    what: `${evaluations} evaluations of ${flag} to arrive`,
    timeoutMs: 30_000,
  });
const metric = async ({ url }: Component, name: string) =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await (await fetch(`${url}/metrics`)).text())![1]);

test('the counts of all nodes of all regions arrive, by variant and region', async () => {
  await createFlag('counted');
  for (const [index, node] of network.serving.entries()) {
    for (let times = 0; times < 5; times++) await report(node, 'counted', 'on', index + 1);
    await report(node, 'counted', 'off', 10);
  }
  await report(network.serving[0]!, 'counted', undefined, 4);
  const nodes = network.serving.length;
  const on = (5 * nodes * (nodes + 1)) / 2;
  await arrived('counted', on + 10 * nodes + 4);
  const usage = await usageOf('counted');
  expect(usage).toMatchObject({
    evaluations: on + 10 * nodes + 4,
    step: 'minute',
    rollout_percentage: 20,
    reached_percentage: Math.round((10_000 * on) / (on + 10 * nodes)) / 100,
    variants: [
      { variant: 'on', evaluations: on },
      { variant: 'off', evaluations: 10 * nodes },
      { variant: null, evaluations: 4 },
    ],
    regions: [
      { region: 'branch', evaluations: 5 * (5 + 6) + 20 },
      { region: 'eu-west', evaluations: 5 * (1 + 2) + 20 + 4 },
      { region: 'leaf', evaluations: 5 * (7 + 8) + 20 },
      { region: 'us-east', evaluations: 5 * (3 + 4) + 20 },
    ],
  });
  expect(usage.series.reduce((sum, { evaluations }) => sum + evaluations, 0)).toBe(usage.evaluations);
  for (const node of network.serving) {
    const [counted, handedOver, dropped] = await Promise.all(
      ['counted', 'handed_over', 'dropped'].map(what => metric(node, `qv_impressions_${what}_total`)),
    );
    expect([handedOver, dropped]).toEqual([counted, 0]);
  }
  const hours = await ask<FlagUsage>('/api/v1/flag-usage/counted?since=30d');
  expect(hours.body).toMatchObject({ step: 'hour', evaluations: usage.evaluations });
});

test('evaluations for OFREP count as what was answered: what a rollout really reached', async () => {
  await createFlag('evaluated');
  const answered = { on: 0, off: 0 };
  const evaluate = async (node: Component, path: string, targetingKey: string) => {
    const answer = await network
      .api(node)
      .request<{ variant: 'on' | 'off'; flags: { key: string }[] }>(
        'POST',
        `/ofrep/v1/evaluate/flags${path}`,
        { body: { context: { targetingKey } } },
      );
    expect(answer.status).toBe(200);
    return answer.body;
  };
  for (let index = 0; index < 100; index++) {
    const node = network.serving[index % network.serving.length]!;
    answered[(await evaluate(node, '/evaluated', `user-${index}`)).variant]++;
  }
  const { flags } = await evaluate(network.serving[0]!, '', 'user-0');
  const inBulk = flags.find(({ key }) => key === 'evaluated') as { variant?: 'on' | 'off' } | undefined;
  answered[inBulk!.variant!]++;
  await arrived('evaluated', 101);
  expect(
    Object.fromEntries((await usageOf('evaluated')).variants.map(each => [each.variant, each.evaluations])),
  ).toEqual(answered);
});

test('feeders killed in turn while counts are on their way double nothing and lose nothing that was handed over', async () => {
  await createFlag('through-deaths');
  // The first of each region dies: what is counted at the second is what must arrive.
  const victims = ['eu-west', 'branch', 'leaf', 'us-east'].map(name => nodesOf(name)[0]!);
  const counting = ['eu-west', 'branch', 'leaf', 'us-east'].map(name => nodesOf(name)[1]!);
  let sent = 0;
  for (let round = 0; round < victims.length; round++) {
    for (const node of counting) {
      await report(node, 'through-deaths', 'on', 7);
      sent += 7;
    }
    const victim = victims[round]!;
    await victim.kill();
    await victim.start();
  }
  await arrived('through-deaths', sent);
  // Whatever could come twice would be on its way for some windows yet: as long as what is sent now.
  for (const node of counting) await report(node, 'through-deaths', 'off', 1);
  await arrived('through-deaths', sent + counting.length);
  expect((await usageOf('through-deaths')).evaluations).toBe(sent + counting.length);
});

test('an authority that leads is killed: the next one takes in what comes, once', async () => {
  await createFlag('through-elections');
  const leads = async (authority: Component) => (await metric(authority, 'qv_leading')) === 1;
  let sent = 0;
  for (const victim of network.authorities) {
    await until(async () => (await Promise.all(network.authorities.map(leads))).includes(true), {
      what: 'an authority to lead',
    });
    for (const node of network.serving) await report(node, 'through-elections', 'on', 3);
    sent += 3 * network.serving.length;
    await victim.kill();
    await victim.start();
  }
  await arrived('through-elections', sent);
  expect((await usageOf('through-elections')).evaluations).toBe(sent);
});

test('a node that ends hands over what it has counted', async () => {
  await createFlag('at-the-end');
  const node = nodesOf('us-east')[0]!;
  await report(node, 'at-the-end', 'on', 5);
  await node.stop();
  await arrived('at-the-end', 5);
  await node.start();
});

test("a region's Redis lost: reads go on, and what is counted meanwhile waits at the nodes", async () => {
  await createFlag('without-redis');
  const region = network.regions.find(({ name }) => name === 'us-east')!;
  const [node] = region.serving;
  await region.redis.kill();
  await report(node!, 'without-redis', 'on', 9);
  const { status } = await network.api(node!).request('GET', '/api/v1/feature-flags/shop');
  expect(status).toBe(200);
  await region.redis.start();
  // It was counted while Redis was away: it waited at the node.
  await arrived('without-redis', 9);
  expect((await usageOf('without-redis')).evaluations).toBe(9);
});

test('a node that does not count takes no reports, and tells of none', async () => {
  const { redis } = network.regions.find(({ name }) => name === 'us-east')!;
  const quiet = createReadNode({
    name: 'quiet',
    dir: network.dir,
    port: await createPorts().next(),
    runtime: 'bun',
    env: {
      ETCD_URLS: network.etcd.url,
      REDIS_URL: redis.url,
      REGION: 'us-east',
      READS: 'token',
      OPEN_ENDPOINTS: 'metrics',
      ROLES: 'serve',
      IMPRESSIONS: 'off',
      LOG_LEVEL: 'warn',
    },
  });
  await quiet.start();
  try {
    const body = { counts: [{ flag: 'counted', count: 1 }] };
    expect((await network.api(quiet).request('POST', '/api/v1/impressions', { body })).status).toBe(404);
    expect(await metric(quiet, 'qv_impressions_counted_total')).toBe(0);
  } finally {
    await quiet.stop();
  }
});

describe('what is not used', () => {
  test('is listed where it is old enough, archived ones if asked for', async () => {
    await createFlag('never-asked');
    await createFlag('put-away', { archived: true });
    const names = async (query: string) => {
      const { body } = await ask<FlagUsageList>(`/api/v1/flag-usage?${query}`);
      return body.flags.map(flag => flag.flag_name);
    };
    expect(await names('since=1h')).toEqual(expect.arrayContaining(['counted', 'never-asked']));
    expect(await names('since=1h')).not.toContain('put-away');
    expect(await names('since=1h&archived=true')).toContain('put-away');
    // All flags here are younger.
    expect(await names('unused_for=30d')).toEqual([]);
    const { body } = await ask<FlagUsageList>('/api/v1/flag-usage?since=1h&limit=1');
    expect(body.next_after).toBe(body.flags[0]!.flag_name);
    const counted = (await ask<FlagUsageList>('/api/v1/flag-usage?since=1h')).body.flags.find(
      flag => flag.flag_name === 'counted',
    );
    expect(counted).toMatchObject({ last_seen: expect.any(String), archived: false });
  });
});

describe('a report', () => {
  const send = async (body: unknown, token?: string) => {
    const { status, problem } = await network
      .api(network.serving[0]!, token)
      .request('POST', '/api/v1/impressions', { body });
    return [status, problem.errors?.[0]?.field];
  };
  test.each([
    [{ counts: [] }, 'body.counts'],
    [{ counts: [{ flag: 'a b', variant: 'on', count: 1 }] }, 'body.counts.0.flag'],
    [{ counts: [{ flag: 'counted', variant: '', count: 1 }] }, 'body.counts.0.variant'],
    [{ counts: [{ flag: 'counted', variant: 'on', count: 0 }] }, 'body.counts.0.count'],
    [{ counts: [{ flag: 'counted', count: 1_000_001 }] }, 'body.counts.0.count'],
    [{ counts: [{ flag: 'counted', count: 1, at: 5 }] }, 'body.counts.0'],
    [{ counts: Array(1_001).fill({ flag: 'counted', count: 1 }) }, 'body.counts'],
  ])('of %j is refused at %s', async (body, field) => {
    expect(await send(body)).toEqual([400, field]);
  });

  test('needs a token, and tells which flags are not known', async () => {
    expect((await send({ counts: [{ flag: 'counted', count: 1 }] }, 'qvt_nobody'))[0]).toBe(401);
    const { body } = await network
      .api(network.serving[1]!)
      .request('POST', '/api/v1/impressions', { body: { counts: [{ flag: 'not-there', count: 3 }] } });
    expect(body).toEqual({ counted: 0, unknown: 3 });
  });
});

describe('what a region hands to the one above', () => {
  const put = async (region: string, body: object) => {
    const path = `/api/v1/feed/impressions/${region}`;
    const { status, problem } = await network.api(nodesOf('eu-west')[0]!).request('PUT', path, { body });
    return status === 204 ? status : [status, problem.errors?.[0]?.field];
  };
  const bundle = (region: string, flag: string) => ({
    region,
    id: crypto.randomUUID(),
    windows: [{ at: Date.now(), flags: { [flag]: { on: 4 } }, other: 0 }],
  });

  test('counts once, however often and whomever it is told', async () => {
    await createFlag('told-twice');
    const told = bundle('elsewhere', 'told-twice');
    expect(await put('elsewhere', told)).toBe(204);
    await arrived('told-twice', 4);
    expect(await put('elsewhere', told)).toBe(204);
    const next = bundle('elsewhere', 'told-twice');
    // There is room for it when the repeated one is gone.
    await until(async () => (await put('elsewhere', next)) === 204, { what: 'room for the next' });
    await arrived('told-twice', 8);
    expect((await usageOf('told-twice')).evaluations).toBe(8);
  });

  test('is refused of the region itself, and under the name of another', async () => {
    expect(await put('eu-west', bundle('eu-west', 'counted'))).toEqual([400, 'path.region']);
    expect(await put('branch', bundle('leaf', 'counted'))).toEqual([400, 'body.region']);
    const windows = [{ at: 1, flags: { counted: { on: -1 } }, other: 0 }];
    expect(await put('branch', { ...bundle('branch', 'counted'), windows })).toEqual([
      400,
      'body.windows.0.flags.counted.on',
    ]);
  });
});

test.each([
  ['/api/v1/flag-usage?since=yesterday', 'query.since'],
  ['/api/v1/flag-usage?since=2999-01-01T00:00:00Z', 'query.since'],
  ['/api/v1/flag-usage?unused_for=0d', 'query.unused_for'],
  ['/api/v1/flag-usage/counted?step=day', 'query.step'],
])('%s is refused at %s', async (path, field) => {
  const { status, problem } = await ask(path);
  expect([status, problem.errors![0]!.field]).toEqual([400, field]);
});

test('a flag that never was has no usage', async () => {
  expect((await ask('/api/v1/flag-usage/never-was')).status).toBe(404);
});

describe('what nodes deny', () => {
  /** Who may read of one service, known at every node, and what each of its denials says. */
  async function stranger(name: string) {
    const body = { name, permissions: ['read'], scopes: { services: ['orders'] } };
    const { status, body: made } = await network
      .api(network.authority)
      .request<CreatedToken>('POST', '/api/v1/access/tokens', { body, headers: { prefer: 'wait=20' } });
    expect(status).toBe(201);
    const isDenied = async (node: Component) =>
      expect((await network.api(node, made.token).get('risk', 'limit')).status).toBe(403);
    return { id: made.id, isDenied };
  }
  const denialsOf = async (caller: string, times: number) =>
    await until(
      async () => {
        const rows = (await denialsOnRecord(network.api(network.authority))).filter(
          row => row.caller === caller,
        );
        return timesOf(rows) >= times ? rows : undefined;
      },
      { what: `${times} denials of ${caller} to be on record`, timeoutMs: 30_000 },
    );

  test('is on record with who, what, why and where, each once, and so is which tokens were used', async () => {
    const mallory = await stranger('mallory');
    const expected: Record<string, number> = {};
    const startedAt = Date.now();
    for (const { name, serving } of network.regions) {
      for (const [index, node] of serving.entries()) {
        for (let times = 0; times <= index; times++) await mallory.isDenied(node);
        expected[name] = (expected[name] ?? 0) + index + 1;
        expect((await network.api(node, `qvt_${'x'.repeat(43)}`).get('risk', 'limit')).status).toBe(401);
      }
    }
    const total = Object.values(expected).reduce((sum, times) => sum + times, 0);
    const rows = await denialsOf('mallory', total);
    const byRegion = Object.groupBy(rows, ({ region }) => region ?? 'authority');
    expect(
      Object.fromEntries(Object.entries(byRegion).map(([region, of]) => [region, timesOf(of ?? [])])),
    ).toEqual(expected);
    for (const row of rows) {
      const { action, resource, why } = row;
      expect([action, resource, why]).toEqual([
        'read',
        'PRODUCTION/risk/limit',
        'no grant of read covers it',
      ]);
      // To within a window, which began before.
      expect(Date.parse(row.first_at)).toBeGreaterThan(startedAt - 1_000);
      expect(row.last_at >= row.first_at).toBe(true);
    }
    const unknown = await denialsOf('', network.serving.length);
    for (const { name } of network.regions)
      expect(unknown.filter(row => row.region === name && row.why === 'an unknown token')).not.toEqual([]);
    const { body } = await ask<TokenList>('/api/v1/access/tokens');
    const used = body.tokens.find(({ id }) => id === mallory.id)?.last_used_at;
    expect(Date.parse(used!)).toBeGreaterThan(startedAt - 1_000);
  });

  test('waits at the nodes while the region has no Redis, and comes with a node that ends', async () => {
    const eve = await stranger('eve');
    const { redis, serving } = network.regions.find(({ name }) => name === 'us-east')!;
    await redis.kill();
    for (const node of serving) await eve.isDenied(node);
    await redis.start();
    await denialsOf('eve', serving.length);
    await eve.isDenied(serving[0]!);
    await serving[0]!.stop();
    await serving[0]!.start();
    expect(timesOf(await denialsOf('eve', serving.length + 1))).toBe(serving.length + 1);
  });
});
