/**
 * flagd's own in-process provider, fed by our nodes: over gRPC, by the document that a flagd daemon polls over HTTP
 * by flagd's evaluator.
 */
import { FlagdProvider } from '@openfeature/flagd-provider';
import { type EvaluationContext, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import type { FeatureFlag } from '@quantivista/contracts';
import { createFlagSet, evaluate } from '@quantivista/flags';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import type { Api } from '../harness/api.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { createOracle, forOracle } from './flagd-oracle.ts';

let network: TestNetwork;
let authority: Api;
beforeAll(async () => {
  network = await startTestNetwork({ runtime: ['bun', 'node'], regionNames: ['eu-west'], grpc: true });
  authority = network.api(network.authority);
});
afterAll(async () => {
  await OpenFeature.close();
  await network.stop();
});

const put = async (name: string, body: object) => {
  const answer = await authority.request('PUT', `/api/v1/feature-flags/${name}`, {
    body,
    headers: { prefer: 'wait=20' },
  });
  expect(answer.status).toBe(200);
  return answer.revision;
};

/** A client of the SDK's whose provider is fed by a node. */
async function connect(node: Component, selector = '') {
  const { grpc_port: port } = (await network.api(node).status()).body as { grpc_port: number };
  const provider = new FlagdProvider({
    resolverType: 'in-process',
    host: '127.0.0.1',
    port,
    selector,
    deadlineMs: 20_000,
    retryBackoffMaxMs: 200,
    retryGracePeriod: 60,
  });
  const domain = `${node.name} ${selector}`;
  await OpenFeature.setProviderAndWait(domain, provider);
  return OpenFeature.getClient(domain);
}

describe.each([0, 1])('of node %i', index => {
  const node = () => network.serving[index]!;
  const suffix = `_${index}`;

  test('evaluates, and is told of a change', async () => {
    const name = `colour${suffix}`;
    await put(name, {
      enabled: true,
      rollout_percentage: 100,
      variants: { red: '#f00', blue: '#00f' },
      default_variant: 'red',
      off_variant: 'red',
      rules: [{ when: { country: 'CH' }, serve: 'blue' }],
    });
    const client = await connect(node());
    const changed: string[] = [];
    client.addHandler(ProviderEvents.ConfigurationChanged, details => {
      changed.push(...(details?.flagsChanged ?? []));
    });
    const swiss = { country: 'CH' };
    expect(await client.getStringDetails(name, 'code', swiss)).toMatchObject({
      value: '#00f',
      variant: 'blue',
      reason: 'TARGETING_MATCH',
      flagMetadata: { flagSetId: 'quantivista' },
    });
    expect(await client.getStringValue(name, 'code', {})).toBe('#f00');
    await put(name, { rules: null });
    await until(async () => (await client.getStringValue(name, 'code', swiss)) === '#f00', {
      what: 'the change to reach the provider',
      timeoutMs: 20_000,
    });
    expect(changed).toContain(name);
  });

  test('its contexts hold the service that it selects', async () => {
    await put(`served${suffix}`, { enabled: true, rollout_percentage: 100, conditions: { service: 'shop' } });
    await put(`other${suffix}`, { enabled: true, rollout_percentage: 100, target_services: ['pricing'] });
    await put(`gated${suffix}`, { enabled: true, rollout_percentage: 100, target_services: ['shop'] });
    const client = await connect(node(), 'service=shop,environment=TEST');
    expect(await client.getBooleanValue(`served${suffix}`, false)).toBe(true);
    expect(await client.getBooleanValue(`gated${suffix}`, false)).toBe(true);
    expect(await client.getBooleanDetails(`other${suffix}`, false)).toMatchObject({
      errorCode: 'FLAG_NOT_FOUND',
    });
  });

  test('comes back after the node has been killed, and misses nothing', async () => {
    const name = `kept${suffix}`;
    await put(name, { enabled: false });
    const client = await connect(node());
    const isOn = () => client.getBooleanValue(name, false);
    expect(await isOn()).toBe(false);
    await node().kill();
    await authority.request('PUT', `/api/v1/feature-flags/${name}`, {
      body: { enabled: true, rollout_percentage: 100 },
    });
    expect(await isOn()).toBe(false);
    await node().start();
    await until(isOn, { what: 'the provider to be fed again', timeoutMs: 60_000 });
  });

  test.each(['user', 'Zürich', '利用者', '🦉'])('finds keys like %s-1 in our buckets', async prefix => {
    const name = `share${suffix}`;
    await put(name, { enabled: true, rollout_percentage: 50 });
    const client = await connect(node());
    const { body } = await authority.request<FeatureFlag>('GET', `/api/v1/flags/${name}`);
    const ours = createFlagSet([body]);
    let on = 0;
    for (let number = 0; number < 200; number++) {
      const context = { targetingKey: `${prefix}-${number}` };
      const value = await client.getBooleanValue(name, false, forOracle(context) as EvaluationContext);
      expect([context, value]).toEqual([context, evaluate(ours, name, context).value]);
      if (value) on++;
    }
    expect(on).toBeGreaterThan(60);
  });
});

test('the document that a flagd daemon polls is valid, and answers as the provider does', async () => {
  await put('polled', { enabled: true, rollout_percentage: 100, conditions: { plan: ['pro', 'team'] } });
  for (const node of network.serving) {
    const { body, status } = await network.api(node).request('GET', '/flagd/v1/flags.json');
    expect(status).toBe(200);
    const flag = (await authority.request('GET', '/api/v1/flags/polled')).body as never;
    const oracle = createOracle(body);
    const client = await connect(node);
    for (const context of [{ plan: 'pro' }, { plan: 'free' }, {}] as EvaluationContext[]) {
      expect(oracle(flag, context as never).value).toBe(
        await client.getBooleanValue('polled', false, context),
      );
    }
  }
});
