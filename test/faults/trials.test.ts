/** The authority dies at any step of putting a trial back: it is put back once, by whoever comes next, and I2 holds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProposalView } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { createConfigClient } from '@quantivista/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../apps/authority/src/write/commit.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { openTrail, type Trail } from './trail.ts';
import { trailAgrees } from './trail-agrees.ts';

let dir: string;
let network: TestNetwork;
let trail: Trail;
const faultFile = () => join(dir, 'fault-point');

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-trials-'));
  network = await startTestNetwork({
    regionNames: ['eu-west'],
    nodeRoles: ['feed,serve'],
    authorityEnv: { FAULT_POINT: `@${faultFile()}`, RECOVER_AFTER_MS: '1500', RECOVER_INTERVAL_MS: '50' },
  });
  trail = openTrail(network.postgres.url);
});
afterAll(async () => {
  await trail?.close();
  await network?.stop();
  rmSync(dir, { recursive: true });
});

test.each(FAULT_POINTS)('killed at %s', async point => {
  const service = point.replaceAll('.', '_');
  const { authority } = network;
  const api = network.api(authority);
  await api.put(service, 'limit', 10);
  const trial = await api.put(service, 'limit', 1_000, { headers: { 'x-config-trial': '600' } });
  const id = trial.headers.get('x-config-trial')!;

  writeFileSync(faultFile(), point);
  const died = authority.ended();
  const config = createConfigClient({
    nodes: network.serving.map(({ url }) => url),
    environment: 'PRODUCTION',
    service,
    instanceId: `refuses ${service}`,
    parse: ({ limit }) => {
      if (Number(limit) > 100) throw new Error('limit: at most 100');
      return limit;
    },
  });
  try {
    expect(await died).toBe('SIGKILL');
    rmSync(faultFile());
    await authority.start();

    const shown = () => api.request<ProposalView>('GET', `/api/v1/proposals/${id}`);
    await until(async () => (await shown()).body.state === 'reverted', { what: 'the trial to be put back' });
    await until(async () => (await trail.pending()) === 0, { what: 'every intent to have an outcome' });
    const { versions } = (await api.versions(service, 'limit')).body;
    expect(versions.map(each => [each.config_value, each.updated_by])).toEqual([
      [10, 'trial'],
      [1_000, 'admin'],
      [10, 'admin'],
    ]);
    await until(() => config.status.refused === undefined && config.status.seen !== undefined, {
      what: 'the service to run on what it can use',
    });
    expect(config.settings).toBe(10);
    const store = createEtcd({ hosts: [network.etcd.url] });
    try {
      await trailAgrees(store, trail);
    } finally {
      store.close();
    }
  } finally {
    config.close();
  }
});
