/** `qvc import` of a public system's compose file: what the dry run said is what every node then serves. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationMap } from '@quantivista/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT, runtimes } from '../../infra/stack/programs.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

const COMPOSE = join(ROOT, '../shared/data/otel-demo.compose.yaml');
const VARIABLES = join(ROOT, '../shared/data/otel-demo.env');

/** The same constructs in a few lines, for a tree that has no copy of the real file beside it. */
const SMALL_COMPOSE = `
x-common: &common
  LOG_LEVEL: \${LOG_LEVEL:-info}
services:
  pricing:
    environment: { <<: *common, PORT: "\${PRICING_PORT}", URL: "http://\${HOST}:\${PRICING_PORT}/", PRICING_PORT: }
  orders:
    environment:
      - PRICING_ADDR=\${HOST}:\${PRICING_PORT}
      - HOST
      - NOT_SET
      - LITERAL=$$HOST
`;
const SMALL_VARIABLES = 'HOST=pricing # where it runs\nPRICING_PORT=7070\n';

interface DryRun {
  readonly services: Record<string, ConfigurationMap>;
  readonly entries: readonly { change: string }[];
}

let network: TestNetwork;
let dir: string;
beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], nodeRoles: ['feed,serve'] });
  dir = mkdtempSync(join(tmpdir(), 'qv-import-'));
  writeFileSync(join(dir, 'compose.yaml'), SMALL_COMPOSE);
  writeFileSync(join(dir, '.env'), SMALL_VARIABLES);
});
afterAll(async () => {
  await network.stop();
  rmSync(dir, { recursive: true, force: true });
});

function qvc(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    const env = { ...process.env, QVC_AUTHORITY: network.authority.url, QVC_TOKEN: network.token };
    const child = spawn(runtimes.node(), [join(ROOT, 'apps/cli/src/main.ts'), ...args], { cwd: dir, env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', chunk => {
      stdout += chunk;
    });
    child.stderr.on('data', chunk => {
      stderr += chunk;
    });
    child.on('close', code => resolve({ code, stdout, stderr }));
  });
}

async function mapsEverywhere(services: readonly string[]): Promise<Record<string, ConfigurationMap>[]> {
  const revision = (await network.api(network.authority).list('none')).revision;
  return Promise.all(
    network.serving.map(async component => {
      const api = network.api(component);
      const query = { min_revision: revision };
      const maps = services.map(async name => [
        name,
        (await api.list(name, { environment: 'TEST', query })).body,
      ]);
      return Object.fromEntries(await Promise.all(maps));
    }),
  );
}

async function importAndCompare(compose: string, variables: string): Promise<DryRun> {
  const args = ['-e', 'TEST', 'import', compose, '--env-file', variables];
  const dry = await qvc(...args, '--dry-run', '--json');
  expect(dry.code, dry.stderr).toBe(0);
  const said = JSON.parse(dry.stdout) as DryRun;
  const names = Object.keys(said.services);
  for (const maps of await mapsEverywhere(names))
    expect(Object.values(maps).flatMap(Object.keys)).toEqual([]);

  const done = await qvc(...args);
  expect(done.code, done.stderr).toBe(0);
  for (const maps of await mapsEverywhere(names)) expect(maps).toEqual(said.services);

  const again = JSON.parse((await qvc(...args, '--dry-run', '--json')).stdout) as DryRun;
  expect(again.entries).toEqual([]);
  return said;
}

describe('every service’s map, at every node, is what the dry run said', () => {
  test.skipIf(!existsSync(COMPOSE))('for a public system of some twenty services', async () => {
    const { services } = await importAndCompare(COMPOSE, VARIABLES);
    expect(Object.keys(services).length).toBeGreaterThanOrEqual(15);
    expect(services.cart).toMatchObject({
      CART_PORT: '7070',
      VALKEY_ADDR: 'valkey-cart:6379',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector:4317',
      ASPNETCORE_URLS: 'http://*:7070',
    });
  });

  test('for a file with anchors, defaults, bare names and escapes', async () => {
    const { services } = await importAndCompare('compose.yaml', '.env');
    expect(services).toEqual({
      pricing: { LOG_LEVEL: 'info', PORT: '7070', URL: 'http://pricing:7070/', PRICING_PORT: '7070' },
      orders: { PRICING_ADDR: 'pricing:7070', HOST: 'pricing', LITERAL: '$HOST' },
    });
  });
});

test('get, set, rollback and delete from the command line', async () => {
  const inTest = (...args: string[]) => qvc('-e', 'TEST', ...args);
  expect((await inTest('set', 'shell', 'limit', '10', '--reason', 'first')).code).toBe(0);
  expect((await inTest('set', 'shell', 'limit', '20')).code).toBe(0);
  expect((await inTest('rollback', 'shell', 'limit', '1')).code).toBe(0);
  expect(JSON.parse((await inTest('get', 'shell', 'limit', '--json')).stdout)).toMatchObject({
    config_value: 10,
    version: 3,
  });
  const refused = await inTest('set', 'shell', 'limit', '30', '--old-value', '11');
  expect([refused.code, refused.stderr.includes('old_value')]).toEqual([1, true]);
  expect((await inTest('delete', 'shell', 'limit')).code).toBe(0);
  expect((await inTest('get', 'shell', 'limit')).code).toBe(1);
  expect((await qvc('get')).code).toBe(2);
});
