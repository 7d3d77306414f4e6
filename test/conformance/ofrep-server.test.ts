/**
 * The official JavaScript SDK for servers, with the official OFREP provider, against live nodes: the table of
 * cases, as open-feature's evaluation.feature has them, and what goes wrong.
 */
import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { type Client, OpenFeature } from '@openfeature/server-sdk';
import type { CreatedToken, FeatureFlag } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { runtimes } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { cases, failed, flags, wanted } from './cases.ts';
import { type FlagNetwork, RUNTIMES, startFlagNetwork } from './flag-network.ts';
import { ask, bearer, clientOf } from './server-sdk.ts';

/** For all bodies that are on their way to a node. */
const ROOM_BYTES = 16_384;

let network: FlagNetwork;
let authority: Api;

beforeAll(async () => {
  const room = String(ROOM_BYTES);
  network = await startFlagNetwork({
    nodeEnv: { OFREP_MAX_BODY_BYTES: room, OFREP_BODIES_BUDGET_BYTES: room },
  });
  authority = network.api(network.authority);
  await network.putFlags(flags);
});
afterAll(async () => {
  await OpenFeature.close();
  await network.stop();
});

const put = async (name: string, body: Partial<FeatureFlag>) => {
  const answer = await authority.request('PUT', `/api/v1/feature-flags/${name}`, { body });
  expect(answer.status).toBeLessThan(300);
};

describe.each(RUNTIMES.map((runtime, index) => [runtime, index] as const))('at a node on %s', (_, index) => {
  let node: Component;
  let client: Client;
  beforeAll(async () => {
    node = network.serving[index]!;
    client = await clientOf(node.url, bearer(network.token));
  });

  test.each(cases)('$name', async each => {
    expect(await ask(client, each)).toEqual(wanted(each));
  });

  test('each case, asked by the SDK on Bun', () => {
    const program = join(import.meta.dirname, 'server-sdk.ts');
    const env = { ...process.env, OFREP_URL: node.url, OFREP_TOKEN: network.token };
    const { stdout } = spawnSync(runtimes.bun(), [program], { encoding: 'utf8', env });
    const lines = stdout.split('\n').filter(Boolean);
    expect(lines.map(line => JSON.parse(line))).toEqual(cases.map(wanted));
  });

  test('metadata comes along', async () => {
    const { flagMetadata } = await client.getObjectDetails('conformance.theme', {}, {});
    expect(flagMetadata).toEqual({ owner: 'design', since: 2026, reviewed: true });
  });

  test('dates and absent values in a context', async () => {
    const context = { targetingKey: 'ada', country: 'CH', age: 20, since: new Date(0), nothing: null };
    expect(await client.getBooleanValue('conformance.country', false, context)).toBe(true);
  });

  test('a wrong token gives the default, and says why', async () => {
    const wrong = await clientOf(node.url, bearer('wrong'));
    for (const each of cases) expect(await ask(wrong, each)).toEqual(failed(each, 'GENERAL'));
    const none = await clientOf(node.url, {});
    expect(await ask(none, cases[0]!)).toEqual(failed(cases[0]!, 'GENERAL'));
  });

  test('a node that is too busy is left alone for as long as it says', async () => {
    const busy = await clientOf(node.url, bearer(network.token));
    const answer = () => busy.getBooleanDetails('conformance.on', false, {});
    // A body that does not come, and holds all the room there is.
    const headers = { ...bearer(network.token), 'content-length': ROOM_BYTES };
    const holder = request(`${node.url}/ofrep/v1/evaluate/flags/any`, { method: 'POST', headers });
    holder.on('error', () => {});
    try {
      holder.write('{');
      const refused = await until(async () => (await answer()).errorMessage, { what: 'a refusal' });
      expect(refused).toContain('rate limit exceeded, try again after');
      expect((await answer()).errorMessage).toContain('paused due to TooManyRequests until');
    } finally {
      holder.destroy();
    }
    await until(async () => (await answer()).value, { what: 'an answer after the pause' });
  });

  test('a token as an API key', async () => {
    const keyed = await clientOf(node.url, { 'x-api-key': network.token });
    expect(await ask(keyed, cases[0]!)).toEqual(wanted(cases[0]!));
  });

  test.each(['no such flag', 'no-such-flag', 'ünbekannt', '%'])('no flag by the name %s', async flag => {
    const each = { ...cases[0]!, flag, default: true };
    expect(await ask(client, each)).toEqual(failed(each, 'FLAG_NOT_FOUND'));
  });

  test('changes are seen: made, changed, deleted', async () => {
    const flag = `conformance.changing-${index}`;
    const answers = async (value: string, what: string) =>
      until(async () => (await client.getStringValue(flag, 'default', {})) === value, { what });
    await answers('default', 'nothing');
    const variants = { a: 'first', b: 'second' };
    await put(flag, { enabled: true, rollout_percentage: 100, variants, default_variant: 'a' });
    await answers('first', 'the new flag');
    await put(flag, { default_variant: 'b' });
    await answers('second', 'the change');
    await authority.request('DELETE', `/api/v1/feature-flags/${flag}`);
    await answers('default', 'the flag to go');
  });

  test("the service that the caller's token names", async () => {
    const body = { name: `pricing-${index}`, service: 'pricing', permissions: ['read'] };
    const made = await authority.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
    expect(made.status).toBe(201);
    const pricing = await clientOf(node.url, bearer(made.body.token));
    const context = { targetingKey: 'ada', service: 'risk' };
    // The node learns of the token as of any other change.
    await until(async () => pricing.getBooleanValue('conformance.service', false, context), {
      what: 'the flag for pricing, whatever the context says',
    });
    expect(await client.getBooleanValue('conformance.service', true, context)).toBe(false);
  });
});

test('a node that is not there gives the default', async () => {
  const client = await clientOf(`http://127.0.0.1:${await createPorts().next()}`, {});
  expect(await ask(client, cases[0]!)).toEqual(failed(cases[0]!, 'GENERAL'));
});
